using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Node.Volumes;

/// <summary>Follows a pod's claim to the persistent volume behind it.</summary>
internal sealed class ClaimResolver(IApiClient api)
{
    /// <exception cref="VolumeException">The claim is missing, another pod's, or not bound.</exception>
    public async Task<PersistentVolume> ResolveAsync(Pod pod, string claimName, bool ephemeral, CancellationToken cancellation)
    {
        var ns = pod.Metadata.Namespace;
        var claim = await api.FindAsync<PersistentVolumeClaim>(new(ns, claimName), cancellation)
            ?? throw new VolumeException($"error processing PVC {ns}/{claimName}: failed to fetch PVC from API server: "
                + $"persistentvolumeclaims \"{claimName}\" not found");
        if (claim.Metadata.DeletionTimestamp is not null)
            throw new VolumeException($"error processing PVC {ns}/{claimName}: PVC is being deleted");
        if (ephemeral && !claim.Metadata.OwnerReferences.Any(owner => owner.Controller == true && owner.Uid == pod.Metadata.Uid))
            throw new VolumeException($"PVC {ns}/{claimName} was not created for pod {ns}/{pod.Metadata.Name} (pod is not owner)");
        if (claim.Status.Phase != PersistentVolumeClaimPhase.Bound || claim.Spec.VolumeName.Length == 0)
            throw new VolumeException($"error processing PVC {ns}/{claimName}: PVC is not bound");

        var volume = await api.FindAsync<PersistentVolume>(new("", claim.Spec.VolumeName), cancellation)
            ?? throw new VolumeException($"error processing PVC {ns}/{claimName}: failed to fetch PV \"{claim.Spec.VolumeName}\" from API server: "
                + $"persistentvolumes \"{claim.Spec.VolumeName}\" not found");
        if (volume.Spec.ClaimRef is not { } bound || bound.Uid != claim.Metadata.Uid)
            throw new VolumeException($"error processing PVC {ns}/{claimName}: volume \"{claim.Spec.VolumeName}\" is not bound to the claim");
        return volume;
    }
}
