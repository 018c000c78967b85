using Coxswain.Api.Apps.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Apps;

/// <summary>The rules of stateful sets.</summary>
internal sealed class StatefulSetStrategy : Strategy<StatefulSet>
{
    private static readonly FieldPath UpdatePath = Paths.Spec.Child("updateStrategy");

    public override bool HasGeneration => true;

    // The name becomes part of the host names of its pods.
    protected override NameRule NameRule => NameRules.DnsLabel;

    public override IScaleStrategy Scale { get; } = new ScaleStrategy<StatefulSet>(
        o => (o.Spec.Replicas ?? 1, o.Status.Replicas, ScaleStrategy.SelectorText(o.Spec.Selector)),
        (o, replicas) => o with { Spec = o.Spec with { Replicas = replicas } });

    protected override StatefulSet WithStatusOf(StatefulSet o, StatefulSet source) => o with { Status = source.Status };

    protected override StatefulSet Default(StatefulSet o)
    {
        var update = o.Spec.UpdateStrategy;
        if (update.Type.Length == 0)
            update = new StatefulSetUpdateStrategy { Type = "RollingUpdate", RollingUpdate = update.RollingUpdate ?? RollingUpdateStatefulSetStrategy.Empty };
        if (update is { Type: "RollingUpdate", RollingUpdate: { Partition: null } rolling })
            update = update with { RollingUpdate = rolling with { Partition = 0 } };
        var retention = o.Spec.PersistentVolumeClaimRetentionPolicy ?? StatefulSetPersistentVolumeClaimRetentionPolicy.Empty;
        var claims = o.Spec.VolumeClaimTemplates;
        for (var i = 0; i < claims.Count; i++)
            claims = claims.SetItem(i, PersistentVolumeClaimStrategy.Defaulted(claims[i]));
        return o with
        {
            Spec = o.Spec with
            {
                PodManagementPolicy = VolumeDefaults.Or(o.Spec.PodManagementPolicy, "OrderedReady"),
                UpdateStrategy = update,
                PersistentVolumeClaimRetentionPolicy = retention with
                {
                    WhenDeleted = VolumeDefaults.Or(retention.WhenDeleted, "Retain"),
                    WhenScaled = VolumeDefaults.Or(retention.WhenScaled, "Retain"),
                },
                Replicas = o.Spec.Replicas ?? 1,
                RevisionHistoryLimit = o.Spec.RevisionHistoryLimit ?? 10,
                Template = PodDefaults.Template(o.Spec.Template),
                VolumeClaimTemplates = claims,
            },
        };
    }

    protected override void ValidateObject(StrategyContext c, StatefulSet o, FieldErrors errors)
    {
        var spec = o.Spec;
        if (spec.PodManagementPolicy.Length == 0)
            errors.Required(Paths.Spec.Child("podManagementPolicy"));
        else if (spec.PodManagementPolicy is not ("OrderedReady" or "Parallel"))
            errors.Invalid(Paths.Spec.Child("podManagementPolicy"), spec.PodManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
        Update(spec.UpdateStrategy, errors);
        if (spec.PersistentVolumeClaimRetentionPolicy is { } retention)
        {
            var path = Paths.Spec.Child("persistentVolumeClaimRetentionPolicy");
            CommonRules.OptionalOneOf(retention.WhenDeleted, path.Child("whenDeleted"), errors, "Delete", "Retain");
            CommonRules.OptionalOneOf(retention.WhenScaled, path.Child("whenScaled"), errors, "Delete", "Retain");
        }

        CommonRules.NonNegative(spec.Replicas ?? 1, Paths.Spec.Child("replicas"), errors);
        CommonRules.NonNegative(spec.MinReadySeconds, Paths.Spec.Child("minReadySeconds"), errors);
        if (spec.Ordinals is { } ordinals)
            CommonRules.NonNegative(ordinals.Start, Paths.Spec.Child("ordinals").Child("start"), errors);
        WorkloadRules.RequiredSelector(spec.Selector, "statefulset", errors);
        WorkloadRules.Match(spec.Selector, spec.Template, errors);
        LabelValidation.Labels(spec.Template.Metadata.Labels, WorkloadRules.Template.Child("labels"), errors);
        ObjectMetaValidation.Annotations(spec.Template.Metadata.Annotations, WorkloadRules.Template.Child("annotations"), errors);
        if (spec.Template.Spec.RestartPolicy != "Always")
            errors.NotSupported(WorkloadRules.Template.Child("spec").Child("restartPolicy"), spec.Template.Spec.RestartPolicy, "Always");
        if (spec.Template.Spec.ActiveDeadlineSeconds is not null)
            errors.Forbidden(WorkloadRules.Template.Child("spec").Child("activeDeadlineSeconds"), "activeDeadlineSeconds in StatefulSet is not Supported");
    }

    protected override void ValidateUpdate(StrategyContext c, StatefulSet updated, StatefulSet old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        var comparable = updated.Spec with
        {
            Replicas = old.Spec.Replicas,
            Template = old.Spec.Template,
            UpdateStrategy = old.Spec.UpdateStrategy,
            MinReadySeconds = old.Spec.MinReadySeconds,
            Ordinals = old.Spec.Ordinals,
            RevisionHistoryLimit = old.Spec.RevisionHistoryLimit,
            PersistentVolumeClaimRetentionPolicy = old.Spec.PersistentVolumeClaimRetentionPolicy,
        };
        if (comparable != old.Spec)
            errors.Forbidden(Paths.Spec, "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
                + "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
    }

    protected override void Warn(StrategyContext c, StatefulSet o, StatefulSet? old, ICollection<string> warnings)
    {
        if (o.Metadata.Generation == old?.Metadata.Generation)
            return;
        PodWarnings.Template(o.Spec.Template, WorkloadRules.Template, warnings);
        for (var i = 0; i < o.Spec.VolumeClaimTemplates.Count; i++)
            VolumeWarnings.Claim(o.Spec.VolumeClaimTemplates[i].Spec, Paths.Spec.Child("volumeClaimTemplates").Index(i).Child("Spec"), warnings);
        if (o.Spec.RevisionHistoryLimit < 0)
            warnings.Add("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended");
    }

    protected override void ValidateStatus(StrategyContext c, StatefulSet updated, StatefulSet old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var s = updated.Status;
        WorkloadRules.Counts(errors, ("replicas", s.Replicas), ("readyReplicas", s.ReadyReplicas), ("currentReplicas", s.CurrentReplicas),
            ("updatedReplicas", s.UpdatedReplicas), ("availableReplicas", s.AvailableReplicas), ("observedGeneration", s.ObservedGeneration),
            ("collisionCount", s.CollisionCount));
        WorkloadRules.Part("readyReplicas", s.ReadyReplicas, s.Replicas, "status.replicas", errors);
        WorkloadRules.Part("currentReplicas", s.CurrentReplicas, s.Replicas, "status.replicas", errors);
        WorkloadRules.Part("updatedReplicas", s.UpdatedReplicas, s.Replicas, "status.replicas", errors);
        WorkloadRules.Part("availableReplicas", s.AvailableReplicas, Math.Max(s.Replicas, 0), "status.replicas", errors);
        WorkloadRules.Part("availableReplicas", s.AvailableReplicas, Math.Max(s.ReadyReplicas, 0), "status.readyReplicas", errors);
        WorkloadRules.NotDecremented(s.CollisionCount, old.Status.CollisionCount, Paths.Status.Child("collisionCount"), errors);
    }

    private static void Update(StatefulSetUpdateStrategy update, FieldErrors errors)
    {
        switch (update.Type)
        {
            case "":
                errors.Required(UpdatePath);
                break;
            case "OnDelete":
                if (update.RollingUpdate is not null)
                    errors.Invalid(UpdatePath.Child("rollingUpdate"), update.RollingUpdate, "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "RollingUpdate":
                if (update.RollingUpdate is not { } rolling)
                    break;
                var path = UpdatePath.Child("rollingUpdate");
                CommonRules.NonNegative(rolling.Partition ?? 0, path.Child("partition"), errors);
                if (rolling.MaxUnavailable is not { } unavailable)
                    break;
                WorkloadRules.PositiveIntOrPercent(unavailable, path.Child("maxUnavailable"), errors);
                if (WorkloadRules.Number(unavailable) == 0)
                    errors.Invalid(path.Child("maxUnavailable"), unavailable, "cannot be 0");
                WorkloadRules.NotMoreThanAll(unavailable, path.Child("maxUnavailable"), errors);
                break;
            default:
                errors.Invalid(UpdatePath, update, "must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
    }
}
