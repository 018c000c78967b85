using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Deletes what has lost its owners, and does the foreground and orphaning ways of deletion. Names are uids.</summary>
/// <remarks>Watches only say whom to look at. Before anything is deleted the server is asked for the object and all its owners, and the
/// deletion is conditional on the object that was seen.</remarks>
internal sealed class GarbageCollectorController : IReconciler, IBackgroundWork
{
    private static readonly TimeSpan Rediscovery = TimeSpan.FromSeconds(30);

    private readonly IApiClient _api;
    private readonly InformerFactory _informers;
    private readonly EventRecorder _events;
    private readonly TimeProvider _clock;
    private readonly OwnerGraph _graph;
    private readonly ConcurrentDictionary<string, bool> _watched = new(StringComparer.Ordinal);
    private ServedKinds _kinds = new([]);

    private GarbageCollectorController(ControllerContext c)
    {
        _api = c.Api;
        _informers = c.Informers;
        _clock = c.Clock;
        _events = c.Events("garbage-collector-controller");
        _graph = new(uid => c.Queue.AddAfter(new("", uid), c.Options.Gathering));
    }

    public static IReconciler Make(ControllerContext c) => new GarbageCollectorController(c);

    /// <summary>Follows every resource there is, new ones as they come.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await DiscoverAsync(cancellation).ConfigureAwait(false);
            await Task.Delay(Rediscovery, _clock, cancellation).ConfigureAwait(false);
        }
    }

    internal async Task DiscoverAsync(CancellationToken cancellation)
    {
        _kinds = new(await _api.ServerResourcesAsync(cancellation).ConfigureAwait(false));
        foreach (var served in _kinds.Watched)
        {
            if (!_watched.TryAdd(served.Resource.GroupResource.ToString(), true))
                continue;
            _informers.Partial(served.Resource).AddHandler(new()
            {
                Added = o => _graph.Put(served.Resource, o),
                Updated = (_, o) => _graph.Put(served.Resource, o),
                Deleted = o => _graph.Remove(o.Metadata.Uid),
            });
        }
    }

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (_graph.Find(name.Name) is not { } node)
            return ReconcileResult.Done;
        if (node.Metadata is null)
            await VerifyAsync(node, cancellation).ConfigureAwait(false);
        else if (node.IsOrphaning)
            await OrphanAsync(node, cancellation).ConfigureAwait(false);
        else if (node.IsDeletingDependents)
            await DeleteDependentsAsync(node, cancellation).ConfigureAwait(false);
        else if (node.Metadata.DeletionTimestamp is null && node.Metadata.OwnerReferences.Count > 0)
            await DeleteIfUnownedAsync(node, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    /// <summary>Nobody has shown us this owner. If the server does not know it either, its dependents have lost it.</summary>
    private async Task VerifyAsync(GraphNode node, CancellationToken cancellation)
    {
        var owner = await FindOwnerAsync(node.Reported!, node.Name.Namespace, cancellation).ConfigureAwait(false);
        if (owner is null)
            _graph.Remove(node.Uid);
    }

    /// <summary>Frees the dependents of an object that is deleted without them, then lets it go.</summary>
    private async Task OrphanAsync(GraphNode node, CancellationToken cancellation)
    {
        foreach (var dependent in _graph.DependentsOf(node.Uid))
            await RemoveOwnersAsync(dependent, [node.Uid], cancellation).ConfigureAwait(false);
        await RemoveFinalizerAsync(node, OwnerGraph.OrphanFinalizer, cancellation).ConfigureAwait(false);
    }

    /// <summary>Lets an object that waits for its dependents go when none blocks it any more.</summary>
    private async Task DeleteDependentsAsync(GraphNode node, CancellationToken cancellation)
    {
        var blocking = _graph.DependentsOf(node.Uid)
            .Where(d => d.Metadata!.OwnerReferences.Any(r => r.Uid == node.Uid && r.BlockOwnerDeletion == true)).ToList();
        if (blocking.Count == 0)
        {
            await RemoveFinalizerAsync(node, OwnerGraph.ForegroundFinalizer, cancellation).ConfigureAwait(false);
            return;
        }
        foreach (var dependent in blocking)
        {
            if (!dependent.IsDeletingDependents && dependent.Metadata!.DeletionTimestamp is null)
                await DeleteIfUnownedAsync(dependent, cancellation).ConfigureAwait(false);
        }
    }

    private async Task DeleteIfUnownedAsync(GraphNode node, CancellationToken cancellation)
    {
        var live = await _api.FindPartialAsync(node.Resource!.Value, node.Name, cancellation).ConfigureAwait(false);
        if (live is null || live.Metadata.Uid != node.Uid)
        {
            _graph.Remove(node.Uid);
            return;
        }
        if (live.Metadata.DeletionTimestamp is not null)
            return;
        var (solid, waiting, absent) = (0, new List<string>(), new List<string>());
        foreach (var reference in live.Metadata.OwnerReferences)
        {
            if (IsInvalid(reference, live))
            {
                // A cluster-wide object cannot belong to a namespaced one: nothing is sure, so nothing is deleted.
                TellInvalid(node, live, reference);
                solid++;
                continue;
            }
            var owner = await FindOwnerAsync(reference, live.Metadata.Namespace, cancellation).ConfigureAwait(false);
            if (owner is null)
            {
                if (_graph.Find(reference.Uid) is { Metadata: not null, Name.Namespace: { Length: > 0 } elsewhere } && elsewhere != live.Metadata.Namespace)
                    TellInvalid(node, live, reference);
                absent.Add(reference.Uid);
            }
            else if (owner.Metadata.DeletionTimestamp is not null && owner.Metadata.Finalizers.Contains(OwnerGraph.ForegroundFinalizer))
                waiting.Add(reference.Uid);
            else
                solid++;
        }
        if (solid > 0)
        {
            // Somebody still wants it; only the dead references go.
            if (absent.Count + waiting.Count > 0)
                await RemoveOwnersAsync(node, [.. absent, .. waiting], cancellation).ConfigureAwait(false);
            return;
        }
        if (absent.Count + waiting.Count > 0)
            await DeleteAsync(node, live, waiting.Count > 0, cancellation).ConfigureAwait(false);
    }

    private async Task DeleteAsync(GraphNode node, PartialObjectMetadata live, bool ownerWaits, CancellationToken cancellation)
    {
        var dependents = _graph.DependentsOf(node.Uid);
        var metadata = live.Metadata;
        var policy = metadata.Finalizers.Contains(OwnerGraph.OrphanFinalizer) ? DeletionPropagation.Orphan
            : metadata.Finalizers.Contains(OwnerGraph.ForegroundFinalizer) ? DeletionPropagation.Foreground
            : DeletionPropagation.Background;
        if (ownerWaits && dependents.Count > 0)
        {
            policy = DeletionPropagation.Foreground;
            // In a circle everyone would wait for everyone: our own references block no more.
            if (dependents.Any(d => d.IsDeletingDependents))
                metadata = (await UnblockAsync(node, live, cancellation).ConfigureAwait(false)).Metadata;
        }
        try
        {
            await _api.DeletePartialAsync(node.Resource!.Value, node.Name, new()
            {
                PropagationPolicy = policy,
                Preconditions = new() { Uid = metadata.Uid, ResourceVersion = metadata.ResourceVersion },
            }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
    }

    private Task<PartialObjectMetadata> UnblockAsync(GraphNode node, PartialObjectMetadata live, CancellationToken cancellation) =>
        _api.PatchPartialAsync(node.Resource!.Value, node.Name,
            MetadataPatch.OwnerReferences(live.Metadata, live.Metadata.OwnerReferences.Select(r => r with { BlockOwnerDeletion = false })), cancellation);

    private async Task RemoveOwnersAsync(GraphNode dependent, IReadOnlyList<string> owners, CancellationToken cancellation)
    {
        var live = await _api.FindPartialAsync(dependent.Resource!.Value, dependent.Name, cancellation).ConfigureAwait(false);
        if (live is null || live.Metadata.Uid != dependent.Uid || !live.Metadata.OwnerReferences.Any(r => owners.Contains(r.Uid)))
            return;
        try
        {
            await _api.PatchPartialAsync(dependent.Resource.Value, dependent.Name,
                MetadataPatch.OwnerReferences(live.Metadata, live.Metadata.OwnerReferences.Where(r => !owners.Contains(r.Uid))), cancellation)
                .ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Then it has no owners either.
        }
    }

    private async Task RemoveFinalizerAsync(GraphNode node, string finalizer, CancellationToken cancellation)
    {
        var live = await _api.FindPartialAsync(node.Resource!.Value, node.Name, cancellation).ConfigureAwait(false);
        if (live is null || live.Metadata.Uid != node.Uid || !live.Metadata.Finalizers.Contains(finalizer))
            return;
        try
        {
            await _api.PatchPartialAsync(node.Resource.Value, node.Name, MetadataPatch.WithoutFinalizer(live.Metadata, finalizer), cancellation)
                .ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Let go already.
        }
    }

    /// <summary>Owners are of the same namespace, or of none: another reference refers to nothing, and its author should know.</summary>
    private void TellInvalid(GraphNode node, PartialObjectMetadata live, OwnerReference reference)
    {
        var kind = _kinds.Watched.FirstOrDefault(w => w.Resource == node.Resource);
        _events.Record(new()
        {
            Kind = kind?.Kind ?? "",
            ApiVersion = node.Resource!.Value.GroupVersion.ApiVersion,
            Namespace = live.Metadata.Namespace,
            Name = live.Metadata.Name,
            Uid = live.Metadata.Uid,
        }, "Warning", "OwnerRefInvalidNamespace",
            $"ownerRef [{reference.ApiVersion}/{reference.Kind}, namespace: {live.Metadata.Namespace}, name: {reference.Name}, "
            + $"uid: {reference.Uid}] does not exist in namespace \"{live.Metadata.Namespace}\"");
    }

    private bool IsInvalid(OwnerReference reference, PartialObjectMetadata dependent) =>
        dependent.Metadata.Namespace.Length == 0 && _kinds.Find(reference)?.Namespaced == true;

    /// <summary>The owner as the server has it; null: it does not exist.</summary>
    /// <exception cref="UnknownKindException">Nobody serves the kind now; that says nothing of the object.</exception>
    private async Task<PartialObjectMetadata?> FindOwnerAsync(OwnerReference reference, string ns, CancellationToken cancellation)
    {
        var served = _kinds.Find(reference) ?? throw new UnknownKindException(reference);
        var name = new NamespacedName(served.Namespaced ? ns : "", reference.Name);
        var owner = await _api.FindPartialAsync(served.Resource, name, cancellation).ConfigureAwait(false);
        return owner?.Metadata.Uid == reference.Uid ? owner : null;
    }
}

/// <summary>An owner's kind is not served; what it owns must be left alone until it is.</summary>
internal sealed class UnknownKindException(OwnerReference reference)
    : Exception($"no resource is served for the owner's kind {reference.ApiVersion}, Kind={reference.Kind}");
