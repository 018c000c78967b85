using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of replication controllers.</summary>
internal sealed class ReplicationControllerStrategy : Strategy<ReplicationController>
{
    public override bool HasGeneration => true;

    public override IReadOnlyList<string> SelectableFields { get; } = ["status.replicas"];

    public override IScaleStrategy Scale { get; } = new ScaleStrategy<ReplicationController>(
        o => (o.Spec.Replicas ?? 1, o.Status.Replicas, ScaleStrategy.SelectorText(o.Spec.Selector)),
        (o, replicas) => o with { Spec = o.Spec with { Replicas = replicas } });

    protected override ReplicationController WithStatusOf(ReplicationController o, ReplicationController source) => o with { Status = source.Status };

    protected override ReplicationController Default(ReplicationController o)
    {
        var spec = o.Spec with { Replicas = o.Spec.Replicas ?? 1 };
        if (spec.Template is { } template)
        {
            spec = spec with { Template = PodDefaults.Template(template) };
            var labels = template.Metadata.Labels;
            if (labels.Count > 0 && spec.Selector.Count == 0)
                spec = spec with { Selector = labels };
            if (labels.Count > 0 && o.Metadata.Labels.Count == 0)
                o = o with { Metadata = o.Metadata with { Labels = labels } };
        }

        return o with { Spec = spec };
    }

    protected override void ValidateObject(StrategyContext c, ReplicationController o, FieldErrors errors)
    {
        var spec = o.Spec;
        CommonRules.NonNegative(spec.MinReadySeconds, Paths.Spec.Child("minReadySeconds"), errors);
        if (spec.Selector.Count == 0)
            errors.Required(Paths.Spec.Child("selector"));
        CommonRules.NonNegative(spec.Replicas ?? 1, Paths.Spec.Child("replicas"), errors);
        var path = Paths.Spec.Child("template");
        if (spec.Template is not { } template)
        {
            errors.Required(path);
            return;
        }

        if (spec.Selector.Count > 0)
        {
            LabelValidation.Labels(spec.Selector, Paths.Spec.Child("selector"), errors);
            if (!ScaleStrategy.IsSubset(spec.Selector, template.Metadata.Labels))
                errors.Invalid(path.Child("metadata").Child("labels"), template.Metadata.Labels, PodTemplateValidation.SelectorMismatch);
        }

        PodTemplateValidation.ValidateForever(template, "ReplicationController", path, errors);
    }

    protected override void Warn(StrategyContext c, ReplicationController o, ReplicationController? old, ICollection<string> warnings)
    {
        if (old is null)
            NameWarnings.Workload(o.Metadata.Name, warnings);
        if (o.Spec.Template is { } template && o.Metadata.Generation != old?.Metadata.Generation)
            PodWarnings.Template(template, Paths.Spec.Child("template"), warnings);
    }

    protected override void ValidateStatus(StrategyContext c, ReplicationController updated, ReplicationController old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var s = updated.Status;
        ReplicasValidation.Status(s.Replicas, s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas, s.ObservedGeneration, errors);
    }

    protected override string? SelectableField(ReplicationController o, string field) =>
        field == "status.replicas" ? o.Status.Replicas.ToString(System.Globalization.CultureInfo.InvariantCulture) : null;
}
