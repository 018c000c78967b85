using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>Chooses the volume for a claim among those there are.</summary>
internal static class VolumeMatch
{
    /// <summary>One that is set aside for the claim; otherwise, of those with the fewest access modes that will do, the smallest. A claim that
    /// waits for its consumer gets only what was set aside: the rest is the scheduler's choice.</summary>
    public static PersistentVolume? Find(IEnumerable<PersistentVolume> volumes, PersistentVolumeClaim claim, bool waits)
    {
        var selector = claim.Spec.Selector is { } wanted ? Selector.From(wanted) : null;
        var request = VolumeFacts.RequestOf(claim);
        var mode = VolumeFacts.ModeOf(claim.Spec.VolumeMode);
        PersistentVolume? best = null;
        foreach (var volume in volumes)
        {
            if (volume.Metadata.DeletionTimestamp is not null || VolumeFacts.ModeOf(volume.Spec.VolumeMode) != mode
                || VolumeFacts.CapacityOf(volume) < request || !VolumeFacts.HasModes(volume, claim))
                continue;
            if (VolumeFacts.IsReservedFor(volume, claim))
                return volume;
            if (waits || volume.Spec.ClaimRef is not null || volume.Status.Phase != PersistentVolumePhase.Available
                || VolumeFacts.ClassOf(volume) != (VolumeFacts.ClassOf(claim) ?? "")
                || (volume.Spec.VolumeAttributesClassName ?? "") != (claim.Spec.VolumeAttributesClassName ?? "")
                || selector?.Matches(volume.Metadata.Labels) == false)
                continue;
            if (best is null || Compare(volume, best) < 0)
                best = volume;
        }
        return best;
    }

    private static int Compare(PersistentVolume a, PersistentVolume b)
    {
        var order = a.Spec.AccessModes.Count.CompareTo(b.Spec.AccessModes.Count);
        if (order == 0)
            order = VolumeFacts.CapacityOf(a).CompareTo(VolumeFacts.CapacityOf(b));
        return order != 0 ? order : string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name);
    }
}
