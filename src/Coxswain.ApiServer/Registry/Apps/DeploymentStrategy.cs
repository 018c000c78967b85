using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Apps;

/// <summary>The rules of deployments.</summary>
internal sealed class DeploymentStrategy : Strategy<Deployment>
{
    private static readonly IntOrString Quarter = IntOrString.FromString("25%");
    private static readonly FieldPath StrategyPath = Paths.Spec.Child("strategy");

    public override bool HasGeneration => true;

    public override IScaleStrategy Scale { get; } = new ScaleStrategy<Deployment>(
        o => (o.Spec.Replicas ?? 1, o.Status.Replicas, ScaleStrategy.SelectorText(o.Spec.Selector)),
        (o, replicas) => o with { Spec = o.Spec with { Replicas = replicas } });

    public override ApiList<string> ServedAnnotations => ["deprecated.deployment.rollback.to"];

    protected override Deployment WithStatusOf(Deployment o, Deployment source) => o with { Status = source.Status };

    protected override Deployment Default(Deployment o)
    {
        var strategy = o.Spec.Strategy;
        if (strategy.Type.Length == 0)
            strategy = strategy with { Type = "RollingUpdate" };
        if (strategy.Type == "RollingUpdate")
        {
            var rolling = strategy.RollingUpdate ?? RollingUpdateDeployment.Empty;
            strategy = strategy with
            {
                RollingUpdate = rolling with { MaxUnavailable = rolling.MaxUnavailable ?? Quarter, MaxSurge = rolling.MaxSurge ?? Quarter },
            };
        }

        return o with
        {
            Spec = o.Spec with
            {
                Replicas = o.Spec.Replicas ?? 1,
                Strategy = strategy,
                RevisionHistoryLimit = o.Spec.RevisionHistoryLimit ?? 10,
                ProgressDeadlineSeconds = o.Spec.ProgressDeadlineSeconds ?? 600,
                Template = PodDefaults.Template(o.Spec.Template),
            },
        };
    }

    protected override Deployment PrepareForUpdate(StrategyContext c, Deployment updated, Deployment old)
    {
        updated = updated with { Status = old.Status };
        // Annotations are copied to replica sets, so they count too.
        return updated.Spec != old.Spec || updated.Metadata.Annotations != old.Metadata.Annotations
            ? WithGeneration(updated, old.Metadata.Generation + 1)
            : updated;
    }

    protected override Deployment PrepareForStatusUpdate(StrategyContext c, Deployment updated, Deployment old) =>
        old with { Metadata = updated.Metadata with { Labels = old.Metadata.Labels }, Status = updated.Status };

    protected override void ValidateObject(StrategyContext c, Deployment o, FieldErrors errors)
    {
        var spec = o.Spec;
        CommonRules.NonNegative(spec.Replicas ?? 1, Paths.Spec.Child("replicas"), errors);
        WorkloadRules.RequiredSelector(spec.Selector, "deployment", errors);
        WorkloadRules.Match(spec.Selector, spec.Template, errors);
        PodTemplateValidation.ValidateForever(spec.Template, "ReplicaSet", WorkloadRules.Template, errors);
        UpdateStrategy(spec.Strategy, errors);
        CommonRules.NonNegative(spec.MinReadySeconds, Paths.Spec.Child("minReadySeconds"), errors);
        if (spec.RevisionHistoryLimit is { } limit)
            CommonRules.NonNegative(limit, Paths.Spec.Child("revisionHistoryLimit"), errors);
        if (spec.ProgressDeadlineSeconds is not { } deadline)
            return;
        var path = Paths.Spec.Child("progressDeadlineSeconds");
        CommonRules.NonNegative(deadline, path, errors);
        if (deadline <= spec.MinReadySeconds)
            errors.Invalid(path, deadline, "must be greater than minReadySeconds");
    }

    protected override void ValidateUpdate(StrategyContext c, Deployment updated, Deployment old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
        CommonRules.Unchanged(updated.Spec.Selector, old.Spec.Selector, WorkloadRules.Selector, errors);
    }

    protected override void Warn(StrategyContext c, Deployment o, Deployment? old, ICollection<string> warnings)
    {
        if (old is null)
            NameWarnings.Workload(o.Metadata.Name, warnings);
        if (o.Metadata.Generation != old?.Metadata.Generation)
            PodWarnings.Template(o.Spec.Template, WorkloadRules.Template, warnings);
    }

    protected override void ValidateStatus(StrategyContext c, Deployment updated, Deployment old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var s = updated.Status;
        WorkloadRules.Counts(errors, ("observedGeneration", s.ObservedGeneration), ("replicas", s.Replicas), ("updatedReplicas", s.UpdatedReplicas),
            ("readyReplicas", s.ReadyReplicas), ("availableReplicas", s.AvailableReplicas), ("unavailableReplicas", s.UnavailableReplicas),
            ("collisionCount", s.CollisionCount));
        WorkloadRules.Part("updatedReplicas", s.UpdatedReplicas, s.Replicas, "status.replicas", errors);
        WorkloadRules.Part("readyReplicas", s.ReadyReplicas, s.Replicas, "status.replicas", errors);
        WorkloadRules.Part("availableReplicas", s.AvailableReplicas, s.Replicas, "status.replicas", errors);
        WorkloadRules.Part("availableReplicas", s.AvailableReplicas, s.ReadyReplicas, "readyReplicas", errors);
        WorkloadRules.NotDecremented(s.CollisionCount, old.Status.CollisionCount, Paths.Status.Child("collisionCount"), errors);
    }

    private static void UpdateStrategy(Api.Apps.V1.DeploymentStrategy strategy, FieldErrors errors)
    {
        switch (strategy.Type)
        {
            case "Recreate":
                if (strategy.RollingUpdate is not null)
                    errors.Forbidden(StrategyPath.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate":
                if (strategy.RollingUpdate is null)
                    errors.Required(StrategyPath.Child("rollingUpdate"), "this should be defaulted and never be nil");
                else
                    Rolling(strategy.RollingUpdate, StrategyPath.Child("rollingUpdate"), errors);
                break;
            default:
                errors.NotSupported(StrategyPath.Child("type"), strategy.Type, "Recreate", "RollingUpdate");
                break;
        }
    }

    private static void Rolling(RollingUpdateDeployment rolling, FieldPath path, FieldErrors errors)
    {
        var (unavailable, surge) = (rolling.MaxUnavailable ?? 0, rolling.MaxSurge ?? 0);
        WorkloadRules.PositiveIntOrPercent(unavailable, path.Child("maxUnavailable"), errors);
        WorkloadRules.PositiveIntOrPercent(surge, path.Child("maxSurge"), errors);
        if (WorkloadRules.Number(unavailable) == 0 && WorkloadRules.Number(surge) == 0)
            errors.Invalid(path.Child("maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0");
        WorkloadRules.NotMoreThanAll(unavailable, path.Child("maxUnavailable"), errors);
    }
}
