using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <content>The side of the volumes.</content>
internal sealed partial class PersistentVolumeBinder
{
    private async Task LookAtAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        if (volume.Spec.ClaimRef is not { Uid.Length: > 0 } reference)
        {
            // Free, or set aside for a claim that has not come to it yet.
            await _binding.PhaseAsync(volume, PersistentVolumePhase.Available, "", cancellation).ConfigureAwait(false);
            return;
        }
        var name = VolumeFacts.ClaimNameOf(volume)!.Value;
        var claim = claims.Find(name);
        // A volume is given back but once: only the server's word counts.
        if (claim?.Metadata.Uid != reference.Uid)
            claim = await api.FindAsync<PersistentVolumeClaim>(name, cancellation).ConfigureAwait(false);
        if (claim?.Metadata.Uid != reference.Uid)
        {
            await ReleaseAsync(volume, cancellation).ConfigureAwait(false);
        }
        else if (claim.Spec.VolumeName.Length == 0)
        {
            if (VolumeFacts.ModeOf(claim.Spec.VolumeMode) == VolumeFacts.ModeOf(volume.Spec.VolumeMode))
                return;     // the claim's own look goes on
            events.Warning(volume, "VolumeMismatch", $"Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{claim.Metadata.Name}\" due to incompatible volumeMode.");
            events.Warning(claim, "VolumeMismatch", $"Cannot bind PersistentVolume \"{volume.Metadata.Name}\" to requested PersistentVolumeClaim \"{claim.Metadata.Name}\" due to incompatible volumeMode.");
        }
        else if (claim.Spec.VolumeName == volume.Metadata.Name)
        {
            await _binding.PhaseAsync(volume, PersistentVolumePhase.Bound, "", cancellation).ConfigureAwait(false);
        }
        else if (IsDynamic(volume) && volume.Spec.PersistentVolumeReclaimPolicy == PersistentVolumeReclaimPolicy.Delete)
        {
            // Made for a claim that has taken another meanwhile: nobody else may have it.
            await ReleaseAsync(volume, cancellation).ConfigureAwait(false);
        }
        else
        {
            await _binding.UnbindAsync(volume, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The claim is gone: the volume is kept for somebody to look at it, or deleted by whoever made it.</summary>
    private async Task ReleaseAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        if (volume.Status.Phase is not (PersistentVolumePhase.Released or PersistentVolumePhase.Failed))
            volume = await _binding.PhaseAsync(volume, PersistentVolumePhase.Released, "", cancellation).ConfigureAwait(false);
        switch (volume.Spec.PersistentVolumeReclaimPolicy)
        {
            // The external provisioner, whose name the volume bears, deletes it when it sees it released.
            case PersistentVolumeReclaimPolicy.Delete when !IsDynamic(volume):
                await FailAsync(volume, "VolumeFailedDelete", $"error getting deleter volume plugin for volume \"{volume.Metadata.Name}\": no volume plugin matched", cancellation)
                    .ConfigureAwait(false);
                break;
            case PersistentVolumeReclaimPolicy.Recycle:
                await FailAsync(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!", cancellation).ConfigureAwait(false);
                break;
        }
    }

    private async Task FailAsync(PersistentVolume volume, string reason, string message, CancellationToken cancellation)
    {
        if (volume.Status.Phase != PersistentVolumePhase.Failed)
            events.Warning(volume, reason, message);
        await _binding.PhaseAsync(volume, PersistentVolumePhase.Failed, message, cancellation).ConfigureAwait(false);
    }

    private static bool IsDynamic(PersistentVolume volume) => volume.Metadata.Annotations.ContainsKey(VolumeFacts.ProvisionedBy);
}
