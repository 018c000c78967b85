using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Says of a bound claim that asks for more than it has that an external resizer is to make it grow.</summary>
internal sealed class VolumeExpandController(Lister<PersistentVolumeClaim> claims, Lister<PersistentVolume> volumes, EventRecorder events) : IReconciler
{
    public static IReconciler Make(ControllerContext c) =>
        new VolumeExpandController(c.Lister<PersistentVolumeClaim>(), c.Lister<PersistentVolume>(), c.Events("volume_expand"));

    /// <summary>Only a greater request is news.</summary>
    public static Wake WhenMoreIsAskedFor { get; } = new(c => c.Informer<PersistentVolumeClaim>().AddHandler(new()
    {
        Added = claim => Ask(c, claim),
        Updated = (before, now) =>
        {
            if (VolumeFacts.RequestOf(now) > VolumeFacts.RequestOf(before) || before.Status.Phase != now.Status.Phase)
                Ask(c, now);
        },
    }));

    public Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (claims.Find(name) is { } claim && WantsMore(claim) && volumes.Find(new("", claim.Spec.VolumeName)) is { } volume
            && volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid)
            events.Normal(claim, "ExternalExpanding",
                "Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC.");
        return Task.FromResult(ReconcileResult.Done);
    }

    private static void Ask(ControllerContext c, PersistentVolumeClaim claim)
    {
        if (WantsMore(claim))
            c.Queue.Add(claim.FullName());
    }

    private static bool WantsMore(PersistentVolumeClaim claim) =>
        claim.Metadata.DeletionTimestamp is null && claim.Status.Phase == PersistentVolumeClaimPhase.Bound && claim.Spec.VolumeName.Length > 0
        && VolumeFacts.RequestOf(claim) > claim.Status.Capacity.GetValueOrDefault("storage");
}
