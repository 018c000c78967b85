using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps a claim that is to be deleted until no pod uses it any more.</summary>
internal sealed class PvcProtectionController(IApiClient api, Lister<PersistentVolumeClaim> claims, Lister<Pod> pods) : IReconciler
{
    public const string Finalizer = "kubernetes.io/pvc-protection";

    public static IReconciler Make(ControllerContext c)
    {
        PodClaims.AddTo(c.Informer<Pod>());
        return new PvcProtectionController(c.Api, c.Lister<PersistentVolumeClaim>(), c.Lister<Pod>());
    }

    /// <summary>A pod that ends or goes frees its claims.</summary>
    public static IEnumerable<NamespacedName> FreedBy(ControllerContext c, Pod pod) =>
        PodClaims.Of(pod).Where(name => c.Lister<PersistentVolumeClaim>().Find(name)?.Metadata.DeletionTimestamp is not null);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (claims.Find(name) is not { } claim)
            return ReconcileResult.Done;
        var isProtected = claim.Metadata.Finalizers.Contains(Finalizer);
        if (claim.Metadata.DeletionTimestamp is null && !isProtected)
            await api.UpdateAsync(claim with { Metadata = claim.Metadata with { Finalizers = claim.Metadata.Finalizers.Add(Finalizer) } }, cancellation)
                .ConfigureAwait(false);
        else if (claim.Metadata.DeletionTimestamp is not null && isProtected && !await IsUsedAsync(name, cancellation).ConfigureAwait(false))
            await api.UpdateAsync(claim with
            {
                Metadata = claim.Metadata with { Finalizers = claim.Metadata.Finalizers.Where(f => f != Finalizer).ToApiList() },
            }, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task<bool> IsUsedAsync(NamespacedName claim, CancellationToken cancellation)
    {
        if (PodClaims.Users(pods, claim).Any(IsOnNode))
            return true;
        // The lister may lag behind a pod that was just bound; data would be lost, so the server is asked.
        var live = await api.ListAsync<Pod>(new() { Namespace = claim.Namespace }, cancellation).ConfigureAwait(false);
        return live.Items.Any(p => IsOnNode(p) && PodClaims.Of(p).Contains(claim));
    }

    private static bool IsOnNode(Pod pod) => pod.Spec.NodeName.Length > 0 && !PodFacts.IsFinished(pod);
}
