using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps a volume that is to be deleted while a claim is bound to it.</summary>
internal sealed class PvProtectionController(IApiClient api, Lister<PersistentVolume> volumes) : IReconciler
{
    public const string Finalizer = "kubernetes.io/pv-protection";

    public static IReconciler Make(ControllerContext c) => new PvProtectionController(c.Api, c.Lister<PersistentVolume>());

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (volumes.Find(name) is not { } volume)
            return ReconcileResult.Done;
        var isProtected = volume.Metadata.Finalizers.Contains(Finalizer);
        if (volume.Metadata.DeletionTimestamp is null && !isProtected)
            await api.UpdateAsync(volume with { Metadata = volume.Metadata with { Finalizers = volume.Metadata.Finalizers.Add(Finalizer) } }, cancellation)
                .ConfigureAwait(false);
        else if (volume.Metadata.DeletionTimestamp is not null && isProtected && volume.Status.Phase != PersistentVolumePhase.Bound)
            await api.UpdateAsync(volume with
            {
                Metadata = volume.Metadata with { Finalizers = volume.Metadata.Finalizers.Where(f => f != Finalizer).ToApiList() },
            }, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }
}
