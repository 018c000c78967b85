using Coxswain.Api.Storage.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Storage;

/// <summary>The rules of CSI nodes.</summary>
internal sealed class CSINodeStrategy : Strategy<CSINode>
{
    private const int MaxNodeIdLength = 256;
    private static readonly FieldPath Drivers = Paths.Spec.Child("drivers");

    public override bool AllowUnconditionalUpdate => false;

    // Judged twice, as upstream does: each cause stands twice in its answer.
    protected override void Validate(StrategyContext c, CSINode o, FieldErrors errors)
    {
        base.Validate(c, o, errors);
        base.Validate(c, o, errors);
    }

    protected override void ValidateObject(StrategyContext c, CSINode o, FieldErrors errors)
    {
        for (var i = 0; i < o.Spec.Drivers.Count; i++)
        {
            var (driver, at) = (o.Spec.Drivers[i], Drivers.Index(i));
            VolumeSourceRules.CsiDriverName(driver.Name, at.Child("name"), errors);
            if (driver.NodeID.Length == 0)
                errors.Required(at.Child("nodeID"));
            if (driver.NodeID.Length > MaxNodeIdLength)
                errors.Invalid(at.Child("nodeID"), driver.NodeID, $"must be {MaxNodeIdLength} characters or less");
            if (driver.Allocatable?.Count is { } count)
                CommonRules.NonNegative(count, at.Child("allocatable").Child("count"), errors);
            for (var j = 0; j < i; j++)
                if (o.Spec.Drivers[j].Name == driver.Name)
                {
                    errors.Duplicate(at.Child("name"), driver.Name);
                    break;
                }

            for (var j = 0; j < driver.TopologyKeys.Count; j++)
            {
                if (driver.TopologyKeys.AsSpan()[..j].Contains(driver.TopologyKeys[j]))
                    errors.Duplicate(at.Child("topologyKeys"), driver.TopologyKeys[j]);
                errors.Invalid(at.Child("topologyKeys"), driver.TopologyKeys[j], ValidationRules.QualifiedName(driver.TopologyKeys[j]));
            }
        }
    }

    protected override void ValidateUpdate(StrategyContext c, CSINode updated, CSINode old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        // A driver may come and go, but not change.
        foreach (var before in old.Spec.Drivers)
            foreach (var now in updated.Spec.Drivers)
                if (now.Name == before.Name && now with { Allocatable = before.Allocatable } != before)
                    errors.Invalid("CSINodeDriver", now, CommonRules.Immutable);
    }
}
