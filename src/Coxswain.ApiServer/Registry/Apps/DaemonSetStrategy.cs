using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Apps;

/// <summary>The rules of daemon sets.</summary>
internal sealed class DaemonSetStrategy : Strategy<DaemonSet>
{
    // Once a field of the spec; clients of old still look at it.
    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    private static readonly FieldPath UpdatePath = Paths.Spec.Child("updateStrategy");

    public override bool HasGeneration => true;

    public override ApiList<string> ServedAnnotations => [TemplateGeneration];

    protected override DaemonSet WithStatusOf(DaemonSet o, DaemonSet source) => o with { Status = source.Status };

    protected override DaemonSet Default(DaemonSet o)
    {
        var update = o.Spec.UpdateStrategy;
        if (update.Type.Length == 0)
            update = update with { Type = "RollingUpdate" };
        if (update.Type == "RollingUpdate")
        {
            var rolling = update.RollingUpdate ?? RollingUpdateDaemonSet.Empty;
            update = update with { RollingUpdate = rolling with { MaxUnavailable = rolling.MaxUnavailable ?? 1, MaxSurge = rolling.MaxSurge ?? 0 } };
        }

        // Part of what a client is taken to have said, as upstream's conversion makes it.
        if (!o.Metadata.Annotations.ContainsKey(TemplateGeneration))
            o = WithTemplateGeneration(o, 1);
        return o with
        {
            Spec = o.Spec with
            {
                UpdateStrategy = update,
                RevisionHistoryLimit = o.Spec.RevisionHistoryLimit ?? 10,
                Template = PodDefaults.Template(o.Spec.Template),
            },
        };
    }

    protected override DaemonSet PrepareForCreate(StrategyContext c, DaemonSet o) => WithTemplateGeneration(base.PrepareForCreate(c, o), 1);

    protected override DaemonSet PrepareForUpdate(StrategyContext c, DaemonSet updated, DaemonSet old)
    {
        var before = long.TryParse(old.Metadata.Annotations.GetValueOrDefault(TemplateGeneration), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 1;
        updated = base.PrepareForUpdate(c, updated, old);
        return WithTemplateGeneration(updated, updated.Spec.Template == old.Spec.Template ? before : before + 1);
    }

    protected override void ValidateObject(StrategyContext c, DaemonSet o, FieldErrors errors)
    {
        var spec = o.Spec;
        LabelValidation.Selector(spec.Selector, WorkloadRules.Selector, errors);
        WorkloadRules.Match(spec.Selector, spec.Template, errors);
        if (spec.Selector is { MatchLabels.Count: 0, MatchExpressions.Count: 0 })
            errors.Invalid(WorkloadRules.Selector, spec.Selector, "empty selector is invalid for daemonset");
        PodTemplateValidation.ValidateForever(spec.Template, "DaemonSet", WorkloadRules.Template, errors);
        CommonRules.NonNegative(spec.MinReadySeconds, Paths.Spec.Child("minReadySeconds"), errors);
        Update(spec.UpdateStrategy, errors);
        if (spec.RevisionHistoryLimit is { } limit)
            CommonRules.NonNegative(limit, Paths.Spec.Child("revisionHistoryLimit"), errors);
    }

    protected override void ValidateUpdate(StrategyContext c, DaemonSet updated, DaemonSet old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
        CommonRules.Unchanged(updated.Spec.Selector, old.Spec.Selector, WorkloadRules.Selector, errors);
    }

    protected override void Warn(StrategyContext c, DaemonSet o, DaemonSet? old, ICollection<string> warnings)
    {
        if (o.Metadata.Generation != old?.Metadata.Generation)
            PodWarnings.Template(o.Spec.Template, WorkloadRules.Template, warnings);
    }

    protected override void ValidateStatus(StrategyContext c, DaemonSet updated, DaemonSet old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var s = updated.Status;
        WorkloadRules.Counts(errors, ("currentNumberScheduled", s.CurrentNumberScheduled), ("numberMisscheduled", s.NumberMisscheduled),
            ("desiredNumberScheduled", s.DesiredNumberScheduled), ("numberReady", s.NumberReady), ("observedGeneration", s.ObservedGeneration),
            ("updatedNumberScheduled", s.UpdatedNumberScheduled), ("numberAvailable", s.NumberAvailable),
            ("numberUnavailable", s.NumberUnavailable), ("collisionCount", s.CollisionCount));
        WorkloadRules.NotDecremented(s.CollisionCount, old.Status.CollisionCount, Paths.Status.Child("collisionCount"), errors);
    }

    private static DaemonSet WithTemplateGeneration(DaemonSet o, long generation)
    {
        var text = generation.ToString(CultureInfo.InvariantCulture);
        return o.Metadata.Annotations.GetValueOrDefault(TemplateGeneration) == text
            ? o
            : o with { Metadata = o.Metadata with { Annotations = o.Metadata.Annotations.With(TemplateGeneration, text) } };
    }

    private static void Update(DaemonSetUpdateStrategy update, FieldErrors errors)
    {
        if (update.Type == "OnDelete")
            return;
        if (update.Type != "RollingUpdate")
        {
            errors.NotSupported(UpdatePath, update, "RollingUpdate", "OnDelete");
            return;
        }

        var path = UpdatePath.Child("rollingUpdate");
        if (update.RollingUpdate is not { } rolling)
        {
            errors.Required(path);
            return;
        }

        var (unavailable, surge) = (rolling.MaxUnavailable ?? 0, rolling.MaxSurge ?? 0);
        WorkloadRules.PositiveIntOrPercent(unavailable, path.Child("maxUnavailable"), errors);
        WorkloadRules.PositiveIntOrPercent(surge, path.Child("maxSurge"), errors);
        WorkloadRules.NotMoreThanAll(unavailable, path.Child("maxUnavailable"), errors);
        WorkloadRules.NotMoreThanAll(surge, path.Child("maxSurge"), errors);
        var (hasUnavailable, hasSurge) = (WorkloadRules.Number(unavailable) != 0, WorkloadRules.Number(surge) != 0);
        if (hasUnavailable && hasSurge)
            errors.Invalid(path.Child("maxSurge"), surge, "may not be set when maxUnavailable is non-zero");
        else if (!hasUnavailable && !hasSurge)
            errors.Required(path.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
    }
}
