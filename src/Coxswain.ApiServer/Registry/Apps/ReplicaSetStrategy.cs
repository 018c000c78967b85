using Coxswain.Api.Apps.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Apps;

/// <summary>The rules of replica sets.</summary>
internal sealed class ReplicaSetStrategy : Strategy<ReplicaSet>
{
    public override bool HasGeneration => true;

    public override IScaleStrategy Scale { get; } = new ScaleStrategy<ReplicaSet>(
        o => (o.Spec.Replicas ?? 1, o.Status.Replicas, ScaleStrategy.SelectorText(o.Spec.Selector)),
        (o, replicas) => o with { Spec = o.Spec with { Replicas = replicas } });

    protected override ReplicaSet WithStatusOf(ReplicaSet o, ReplicaSet source) => o with { Status = source.Status };

    protected override ReplicaSet Default(ReplicaSet o) => o with
    {
        Spec = o.Spec with { Replicas = o.Spec.Replicas ?? 1, Template = PodDefaults.Template(o.Spec.Template) },
    };

    protected override void ValidateObject(StrategyContext c, ReplicaSet o, FieldErrors errors)
    {
        CommonRules.NonNegative(o.Spec.Replicas ?? 1, Paths.Spec.Child("replicas"), errors);
        CommonRules.NonNegative(o.Spec.MinReadySeconds, Paths.Spec.Child("minReadySeconds"), errors);
        WorkloadRules.RequiredSelector(o.Spec.Selector, "deployment", errors);
        WorkloadRules.Match(o.Spec.Selector, o.Spec.Template, errors);
        PodTemplateValidation.ValidateForever(o.Spec.Template, "ReplicaSet", WorkloadRules.Template, errors);
    }

    protected override void ValidateUpdate(StrategyContext c, ReplicaSet updated, ReplicaSet old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
        CommonRules.Unchanged(updated.Spec.Selector, old.Spec.Selector, WorkloadRules.Selector, errors);
    }

    protected override void Warn(StrategyContext c, ReplicaSet o, ReplicaSet? old, ICollection<string> warnings)
    {
        if (old is null)
            NameWarnings.Workload(o.Metadata.Name, warnings);
        if (o.Metadata.Generation != old?.Metadata.Generation)
            PodWarnings.Template(o.Spec.Template, WorkloadRules.Template, warnings);
    }

    protected override void ValidateStatus(StrategyContext c, ReplicaSet updated, ReplicaSet old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var s = updated.Status;
        ReplicasValidation.Status(s.Replicas, s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas, s.ObservedGeneration, errors);
    }
}
