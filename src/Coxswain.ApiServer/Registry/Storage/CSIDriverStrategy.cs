using Coxswain.Api.Storage.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Storage;

/// <summary>The rules of CSI drivers.</summary>
internal sealed class CSIDriverStrategy : Strategy<CSIDriver>
{
    private const int MinUpdatePeriodSeconds = 10;
    private static readonly string[] Modes = ["Persistent", "Ephemeral"];
    private static readonly string[] FsGroupPolicies = ["File", "None", "ReadWriteOnceWithFSType"];

    public override bool AllowUnconditionalUpdate => false;

    public override bool HasGeneration => true;

    protected override CSIDriver Default(CSIDriver o) => o with
    {
        Spec = o.Spec with
        {
            AttachRequired = o.Spec.AttachRequired ?? true,
            PodInfoOnMount = o.Spec.PodInfoOnMount ?? false,
            StorageCapacity = o.Spec.StorageCapacity ?? false,
            FsGroupPolicy = o.Spec.FsGroupPolicy ?? "ReadWriteOnceWithFSType",
            VolumeLifecycleModes = o.Spec.VolumeLifecycleModes.Count == 0 ? ["Persistent"] : o.Spec.VolumeLifecycleModes,
            RequiresRepublish = o.Spec.RequiresRepublish ?? false,
            SeLinuxMount = o.Spec.SeLinuxMount ?? false,
        },
    };

    // Changes are counted, but a new driver has no generation.
    protected override CSIDriver PrepareForCreate(StrategyContext c, CSIDriver o) => o;

    // Judged twice, as upstream does: each cause stands twice in its answer.
    protected override void Validate(StrategyContext c, CSIDriver o, FieldErrors errors)
    {
        base.Validate(c, o, errors);
        base.Validate(c, o, errors);
    }

    protected override void ValidateObject(StrategyContext c, CSIDriver o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        CommonRules.OptionalOneOf(spec.FsGroupPolicy, path.Child("fsGroupPolicy"), errors, FsGroupPolicies);
        for (var i = 0; i < spec.TokenRequests.Count; i++)
        {
            var at = path.Child("tokenRequests").Index(i);
            for (var j = 0; j < i; j++)
                if (spec.TokenRequests[j].Audience == spec.TokenRequests[i].Audience)
                    errors.Duplicate(at.Child("audience"), spec.TokenRequests[i].Audience);
            if (spec.TokenRequests[i].ExpirationSeconds is { } seconds)
            {
                if (seconds < 600)
                    errors.Invalid(at.Child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes");
                if (seconds > 1L << 32)
                    errors.Invalid(at.Child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds");
            }
        }

        foreach (var mode in spec.VolumeLifecycleModes)
            CommonRules.OptionalOneOf(mode, path.Child("volumeLifecycleModes"), errors, Modes);
        if (spec.NodeAllocatableUpdatePeriodSeconds is < MinUpdatePeriodSeconds and var period)
            errors.Invalid(path.Child("nodeAllocatableUpdatePeriodSeconds"), period, "must be greater than or equal to 10 seconds");
        if (spec.ServiceAccountTokenInSecrets is { } inSecrets && spec.TokenRequests.Count == 0)
            errors.Invalid(path.Child("serviceAccountTokenInSecrets"), inSecrets, "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
    }

    protected override void ValidateUpdate(StrategyContext c, CSIDriver updated, CSIDriver old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
        if (updated.Spec.AttachRequired != old.Spec.AttachRequired)
            CommonRules.Unchanged(updated.Spec.AttachRequired, old.Spec.AttachRequired, Paths.Spec.Child("attachedRequired"), errors);
        CommonRules.Unchanged(updated.Spec.VolumeLifecycleModes, old.Spec.VolumeLifecycleModes, Paths.Spec.Child("volumeLifecycleModes"), errors);
    }
}
