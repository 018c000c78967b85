using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>What the graph knows of one object. Immutable, but for the set of dependents, which the graph guards.</summary>
/// <param name="Metadata">Null: nobody has shown us the object; some dependent says that it is there.</param>
internal sealed record GraphNode(string Uid, GroupVersionResource? Resource, NamespacedName Name, ObjectMeta? Metadata, OwnerReference? Reported)
{
    public bool IsDeletingDependents => Metadata is { DeletionTimestamp: not null } m && m.Finalizers.Contains(OwnerGraph.ForegroundFinalizer);
    public bool IsOrphaning => Metadata is { DeletionTimestamp: not null } m && m.Finalizers.Contains(OwnerGraph.OrphanFinalizer);
}

/// <summary>Who owns whom, over all resources, as the watches tell it; and who has to be looked at when that changes.</summary>
/// <remarks>Safe for concurrent use. It may be wrong where watches lag: it is only asked whom to look at, never whom to delete.</remarks>
internal sealed class OwnerGraph(Action<string> lookAt)
{
    public const string ForegroundFinalizer = "foregroundDeletion";
    public const string OrphanFinalizer = "orphan";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, GraphNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _dependents = new(StringComparer.Ordinal);

    public GraphNode? Find(string uid)
    {
        lock (_gate)
            return _nodes.GetValueOrDefault(uid);
    }

    public IReadOnlyList<GraphNode> DependentsOf(string uid)
    {
        lock (_gate)
            return _dependents.TryGetValue(uid, out var dependents)
                ? [.. dependents.Select(d => _nodes.GetValueOrDefault(d)).OfType<GraphNode>()]
                : [];
    }

    /// <summary>An object was added or has changed.</summary>
    public void Put(GroupVersionResource resource, PartialObjectMetadata seen)
    {
        var metadata = seen.Metadata;
        lock (_gate)
        {
            var before = _nodes.GetValueOrDefault(metadata.Uid);
            var node = new GraphNode(metadata.Uid, resource, seen.FullName(), metadata, before?.Reported);
            _nodes[metadata.Uid] = node;
            if (before?.Metadata is null || before.Metadata.OwnerReferences != metadata.OwnerReferences)
                Link(node, before?.Metadata?.OwnerReferences ?? default);

            if (node.IsOrphaning || node.IsDeletingDependents)
                lookAt(node.Uid);
            if (node.IsDeletingDependents && before?.IsDeletingDependents != true && _dependents.TryGetValue(node.Uid, out var dependents))
            {
                foreach (var dependent in dependents)
                    lookAt(dependent);
            }
        }
    }

    /// <summary>An object is gone: its dependents have lost an owner, and an owner that waits for it may have waited enough.</summary>
    public void Remove(string uid)
    {
        lock (_gate)
        {
            if (!_nodes.Remove(uid, out var node))
                return;
            foreach (var owner in node.Metadata?.OwnerReferences ?? default)
                Unlink(owner.Uid, uid);
            if (!_dependents.TryGetValue(uid, out var dependents))
                return;
            foreach (var dependent in dependents)
                lookAt(dependent);
        }
    }

    private void Link(GraphNode node, ApiList<OwnerReference> before)
    {
        foreach (var gone in before)
        {
            if (!node.Metadata!.OwnerReferences.Any(r => r.Uid == gone.Uid && r.BlockOwnerDeletion == gone.BlockOwnerDeletion))
                Unlink(gone.Uid, node.Uid);
        }
        foreach (var reference in node.Metadata!.OwnerReferences)
        {
            if (!_dependents.TryGetValue(reference.Uid, out var dependents))
                _dependents[reference.Uid] = dependents = new(StringComparer.Ordinal);
            dependents.Add(node.Uid);
            if (!_nodes.TryGetValue(reference.Uid, out var owner))
            {
                // Unknown: its watch lags, or it does not exist. Only the server can tell.
                _nodes[reference.Uid] = new(reference.Uid, null, new(node.Name.Namespace, reference.Name), null, reference);
                lookAt(reference.Uid);
            }
            else if (owner.IsDeletingDependents)
            {
                lookAt(node.Uid);
            }
            else if (owner.Metadata is not null && !Fits(owner, reference, node))
            {
                lookAt(node.Uid);
            }
        }
    }

    private void Unlink(string owner, string dependent)
    {
        if (!_dependents.TryGetValue(owner, out var dependents))
            return;
        dependents.Remove(dependent);
        if (dependents.Count == 0)
            _dependents.Remove(owner);
        if (!_nodes.TryGetValue(owner, out var node))
            return;
        if (node.IsDeletingDependents)
            lookAt(owner);
        else if (node.Metadata is null && dependents.Count == 0)
            _nodes.Remove(owner);
    }

    // A reference whose uid fits by chance or malice, but whose name or namespace does not, refers to nothing.
    private static bool Fits(GraphNode owner, OwnerReference reference, GraphNode dependent) =>
        owner.Name.Name == reference.Name && (owner.Name.Namespace.Length == 0 || owner.Name.Namespace == dependent.Name.Namespace);
}
