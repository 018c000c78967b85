using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps a volume attributes class that is to be deleted while a claim or a volume names it.</summary>
internal sealed class VacProtectionController(IApiClient api, Lister<VolumeAttributesClass> classes, Lister<PersistentVolumeClaim> claims,
    Lister<PersistentVolume> volumes) : IReconciler
{
    public const string Finalizer = "kubernetes.io/vac-protection";

    public static IReconciler Make(ControllerContext c) =>
        new VacProtectionController(c.Api, c.Lister<VolumeAttributesClass>(), c.Lister<PersistentVolumeClaim>(), c.Lister<PersistentVolume>());

    public static IEnumerable<NamespacedName> NamedBy(ControllerContext c, PersistentVolumeClaim claim) => Names(c, Of(claim));

    public static IEnumerable<NamespacedName> NamedBy(ControllerContext c, PersistentVolume volume) => Names(c, [volume.Spec.VolumeAttributesClassName]);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (classes.Find(name) is not { } vac)
            return ReconcileResult.Done;
        var isProtected = vac.Metadata.Finalizers.Contains(Finalizer);
        if (vac.Metadata.DeletionTimestamp is null && !isProtected)
            await api.UpdateAsync(vac with { Metadata = vac.Metadata with { Finalizers = vac.Metadata.Finalizers.Add(Finalizer) } }, cancellation)
                .ConfigureAwait(false);
        else if (vac.Metadata.DeletionTimestamp is not null && isProtected && !await IsUsedAsync(name.Name, cancellation).ConfigureAwait(false))
            await api.PatchAsync<VolumeAttributesClass>(name, MetadataPatch.WithoutFinalizer(vac.Metadata, Finalizer), cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task<bool> IsUsedAsync(string name, CancellationToken cancellation)
    {
        if (claims.All().Any(c => Of(c).Contains(name)) || volumes.All().Any(v => v.Spec.VolumeAttributesClassName == name))
            return true;
        // The listers may lag.
        return (await api.ListAsync<PersistentVolumeClaim>(ListQuery.All, cancellation).ConfigureAwait(false)).Items.Any(c => Of(c).Contains(name))
            || (await api.ListAsync<PersistentVolume>(ListQuery.All, cancellation).ConfigureAwait(false)).Items.Any(v => v.Spec.VolumeAttributesClassName == name);
    }

    private static string?[] Of(PersistentVolumeClaim claim) =>
        [claim.Spec.VolumeAttributesClassName, claim.Status.CurrentVolumeAttributesClassName, claim.Status.ModifyVolumeStatus?.TargetVolumeAttributesClassName];

    private static IEnumerable<NamespacedName> Names(ControllerContext c, IEnumerable<string?> names) =>
        names.Where(n => !string.IsNullOrEmpty(n)).Select(n => new NamespacedName("", n!))
            .Where(n => c.Lister<VolumeAttributesClass>().Find(n)?.Metadata.DeletionTimestamp is not null);
}
