using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Writes the two halves of a binding. Each write is conditional on what was read and may be the last before a stop: the next pass
/// goes on where this one ended.</summary>
internal sealed class VolumeBinding(IApiClient api, EventRecorder events)
{
    /// <summary>Volume first, since it is what two claims might want: 1. it names the claim, 2. is bound, 3. the claim names it, 4. is bound.</summary>
    public async Task BindAsync(PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        volume = await BindVolumeAsync(volume, claim, cancellation).ConfigureAwait(false);
        volume = await PhaseAsync(volume, PersistentVolumePhase.Bound, "", cancellation).ConfigureAwait(false);
        claim = await BindClaimAsync(claim, volume, cancellation).ConfigureAwait(false);
        await PhaseAsync(claim, PersistentVolumeClaimPhase.Bound, volume, cancellation).ConfigureAwait(false);
    }

    /// <summary>Frees a volume: what the user had written of the claim stays.</summary>
    public async Task UnbindAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        var byUs = volume.Metadata.Annotations.ContainsKey(VolumeFacts.BoundByController);
        var wanted = volume with
        {
            Metadata = volume.Metadata with
            {
                Annotations = volume.Metadata.Annotations.Without(VolumeFacts.BoundByController).Without(VolumeFacts.BindCompleted),
            },
            Spec = volume.Spec with { ClaimRef = byUs ? null : volume.Spec.ClaimRef! with { Uid = "", ResourceVersion = "" } },
        };
        volume = await api.UpdateAsync(wanted, cancellation).ConfigureAwait(false);
        await PhaseAsync(volume, PersistentVolumePhase.Available, "", cancellation).ConfigureAwait(false);
    }

    public async Task<PersistentVolume> PhaseAsync(PersistentVolume volume, string phase, string message, CancellationToken cancellation) =>
        volume.Status.Phase == phase && volume.Status.Message == message
            ? volume
            : await api.UpdateStatusAsync(volume with { Status = volume.Status with { Phase = phase, Message = message } }, cancellation)
                .ConfigureAwait(false);

    /// <param name="volume">What the claim is bound to; null: nothing.</param>
    public async Task PhaseAsync(PersistentVolumeClaim claim, string phase, PersistentVolume? volume, CancellationToken cancellation)
    {
        var status = claim.Status with { Phase = phase };
        if (volume is null)
            status = status with { AccessModes = default, Capacity = default };
        else
            status = status with
            {
                AccessModes = volume.Spec.AccessModes,
                // A bound claim's size is the resizer's business.
                Capacity = claim.Status.Phase == PersistentVolumeClaimPhase.Bound && claim.Status.Capacity.Count > 0
                    ? claim.Status.Capacity
                    : ApiMap.Of("storage", VolumeFacts.CapacityOf(volume)),
                CurrentVolumeAttributesClassName = claim.Status.Phase == PersistentVolumeClaimPhase.Bound
                    ? claim.Status.CurrentVolumeAttributesClassName
                    : volume.Spec.VolumeAttributesClassName,
            };
        if (status != claim.Status)
            await api.UpdateStatusAsync(claim with { Status = status }, cancellation).ConfigureAwait(false);
    }

    /// <summary>A claim that had a volume and has it no more; data may be lost, so nothing is done but to say so.</summary>
    public async Task LoseAsync(PersistentVolumeClaim claim, string reason, string message, CancellationToken cancellation)
    {
        if (claim.Status.Phase != PersistentVolumeClaimPhase.Lost)
            events.Warning(claim, reason, message);
        await PhaseAsync(claim, PersistentVolumeClaimPhase.Lost, null, cancellation).ConfigureAwait(false);
    }

    private async Task<PersistentVolume> BindVolumeAsync(PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        if (volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid)
            return volume;
        return await api.UpdateAsync(volume with
        {
            // Whom the user wrote into the volume stays there when the claim goes; whom we wrote does not.
            Metadata = VolumeFacts.IsReservedFor(volume, claim)
                ? volume.Metadata
                : volume.Metadata with { Annotations = volume.Metadata.Annotations.With(VolumeFacts.BoundByController, "yes") },
            Spec = volume.Spec with { ClaimRef = VolumeFacts.ReferenceTo(claim) },
        }, cancellation).ConfigureAwait(false);
    }

    private async Task<PersistentVolumeClaim> BindClaimAsync(PersistentVolumeClaim claim, PersistentVolume volume, CancellationToken cancellation)
    {
        var annotations = claim.Metadata.Annotations;
        if (claim.Spec.VolumeName != volume.Metadata.Name)
            annotations = annotations.With(VolumeFacts.BoundByController, "yes");
        if (!annotations.ContainsKey(VolumeFacts.BindCompleted))
            annotations = annotations.With(VolumeFacts.BindCompleted, "yes");
        if (annotations == claim.Metadata.Annotations && claim.Spec.VolumeName == volume.Metadata.Name)
            return claim;
        return await api.UpdateAsync(claim with
        {
            Metadata = claim.Metadata with { Annotations = annotations },
            Spec = claim.Spec with { VolumeName = volume.Metadata.Name },
        }, cancellation).ConfigureAwait(false);
    }
}
