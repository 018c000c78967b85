using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Ends a namespace: deletes all that is in it, whatever its kind, and lets it go when nothing is left.</summary>
internal sealed class NamespaceController(IApiClient api, Lister<Namespace> namespaces, TimeProvider clock) : IReconciler
{
    private const string Finalizer = FinalizerName.Kubernetes;

    public static IReconciler Make(ControllerContext c) => new NamespaceController(c.Api, c.Lister<Namespace>(), c.Clock);

    /// <summary>Pods take longest to go; the end of one in an ending namespace wakes it.</summary>
    public static Wake WhenPodsEnd { get; } = new(c => c.Informer<Pod>().AddHandler(new()
    {
        Deleted = pod =>
        {
            var name = new NamespacedName("", pod.Metadata.Namespace);
            if (c.Lister<Namespace>().Find(name)?.Metadata.DeletionTimestamp is not null)
                c.Queue.AddAfter(name, c.Options.Gathering);
        },
    }));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (namespaces.Find(name) is not { Metadata.DeletionTimestamp: not null } ending || !ending.Spec.Finalizers.Contains(Finalizer))
            return ReconcileResult.Done;
        if (ending.Status.Phase != NamespacePhase.Terminating)
            ending = await api.UpdateStatusAsync(ending with { Status = ending.Status with { Phase = NamespacePhase.Terminating } }, cancellation)
                .ConfigureAwait(false);

        var report = await new NamespaceContent(api, name.Name).DeleteAllAsync(cancellation).ConfigureAwait(false);
        var conditions = report.Conditions(ending.Status.Conditions, clock.GetUtcNow());
        if (conditions != ending.Status.Conditions)
            ending = await api.UpdateStatusAsync(ending with { Status = ending.Status with { Conditions = conditions } }, cancellation)
                .ConfigureAwait(false);
        if (report.Failures.Count > 0)
            throw new NamespaceContentException(name.Name, report.Failures);
        if (!report.IsEmpty)
            return ReconcileResult.After(report.LookAgainIn);

        try
        {
            var without = ending with { Spec = ending.Spec with { Finalizers = ending.Spec.Finalizers.Where(f => f != Finalizer).ToApiList() } };
            await api.UpdateSubresourceAsync<Namespace, Namespace, Namespace>(name, "finalize", without, cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Somebody else let it go.
        }
        return ReconcileResult.Done;
    }
}

/// <summary>Some content could not be deleted; the namespace's conditions say which.</summary>
internal sealed class NamespaceContentException(string ns, IReadOnlyList<string> failures)
    : Exception($"namespace {ns}: {string.Join("; ", failures)}");
