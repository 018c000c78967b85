using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Authorization.V1;
using Coxswain.Api.Autoscaling.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Testing;

/// <summary>A cluster in memory for tests of those who use <see cref="IApiClient"/>: versions, conflicts, generations, finalizers, graceful
/// deletion, watches. It neither validates nor defaults; the real server's tests do that.</summary>
public sealed partial class FakeApi(TimeProvider clock) : IApiClient
{
    private readonly Lock _gate = new();
    private readonly Dictionary<GroupVersionResource, FakeResource> _resources = [];
    private long _revision;
    private int _uid;

    /// <summary>Called before each write with its verb ("create", "update", "status", "patch", "delete") and object; what it throws is
    /// what the caller gets.</summary>
    public Action<string, IMetadataObject>? BeforeWrite { get; set; }

    /// <summary>As <see cref="BeforeWrite"/>, after the write was made: an answer that is lost on its way.</summary>
    public Action<string, IMetadataObject>? AfterWrite { get; set; }

    /// <summary>Answers posts to subresources that the fake does not know itself, such as <c>serviceaccounts/token</c>; null: not this one.</summary>
    public Func<NamespacedName, string, IKubernetesObject, IKubernetesObject?>? Subresource { get; set; }

    /// <summary>Answers access reviews; nothing is allowed without it.</summary>
    public Func<SubjectAccessReview, bool>? Review { get; set; }

    /// <summary>Writes so far, by verb and kind: <c>create Pod</c>.</summary>
    public IReadOnlyList<string> Writes
    {
        get
        {
            lock (_gate)
                return [.. _writes];
        }
    }

    /// <summary>Keeps news from all watches until <see cref="ReleaseWatches"/>: a network that stalls.</summary>
    public void HoldWatches()
    {
        lock (_gate)
            _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void ReleaseWatches()
    {
        lock (_gate)
        {
            _held?.SetResult();
            _held = null;
        }
    }

    /// <summary>True when so many watches are open and each has taken in all there is.</summary>
    public bool IsQuiet(int watches)
    {
        lock (_gate)
            return _watches == watches && _resources.Values.Sum(r => r.Waiting) == watches;
    }

    private readonly List<string> _writes = [];
    private int _watches;
    private TaskCompletionSource? _held;

    /// <summary>The version of the last change of a kind.</summary>
    public long LastChange<T>() where T : class, IResource<T> => LastChange(T.Descriptor.Resource);

    public long LastChange(GroupVersionResource resource)
    {
        lock (_gate)
            return Of(resource).Log.LastOrDefault().Revision;
    }

    public IReadOnlyList<T> All<T>(string ns = "") where T : class, IResource<T>
    {
        lock (_gate)
            return [.. Of(T.Descriptor.Resource).Objects.Values.Cast<T>().Where(o => ns.Length == 0 || o.Metadata.Namespace == ns)];
    }

    /// <summary>Changes an object whatever its version, as another client would; for tests that play the node, the user, ...</summary>
    public T Change<T>(NamespacedName name, Func<T, T> change) where T : class, IResource<T>
    {
        lock (_gate)
        {
            var before = (T)Require(T.Descriptor.Resource, name);
            return Store(Of(T.Descriptor.Resource), before, change(before));
        }
    }

    /// <summary>Ends every watch with 410, as after a compaction.</summary>
    public void Compact()
    {
        lock (_gate)
        {
            foreach (var resource in _resources.Values)
            {
                resource.Compacted = _revision;
                resource.Pulse();
            }
        }
    }

    public async Task<T> GetAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T> =>
        await FindAsync<T>(name, cancellation) ?? throw new ApiException(Statuses.NotFound(T.Descriptor.Resource.GroupResource, name.Name));

    public Task<T?> FindAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T>
    {
        lock (_gate)
            return Task.FromResult((T?)Of(T.Descriptor.Resource).Objects.GetValueOrDefault(name));
    }

    public Task<ResourceList<T>> ListAsync<T>(ListQuery query, CancellationToken cancellation) where T : class, IResource<T>
    {
        lock (_gate)
            return Task.FromResult(new ResourceList<T>([.. Select(T.Descriptor.Resource, query).Cast<T>()], Version(_revision)));
    }

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(WatchQuery query, CancellationToken cancellation) where T : class, IResource<T> =>
        FollowAsync(T.Descriptor.Resource, query, o => (T)o, cancellation);

    public Task<T> CreateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T>
    {
        BeforeWrite?.Invoke("create", resource);
        // Questions are answered, not stored.
        if ((object)resource is SubjectAccessReview review)
            return Task.FromResult((T)(object)(review with { Status = new() { Allowed = Review?.Invoke(review) ?? false } }));
        T stored;
        lock (_gate)
        {
            var all = Of(T.Descriptor.Resource);
            var metadata = resource.Metadata;
            if (metadata.Name.Length == 0)
                metadata = metadata with { Name = metadata.GenerateName + $"{_uid:x5}" };
            if (all.Objects.ContainsKey(new(metadata.Namespace, metadata.Name)))
                throw new ApiException(Statuses.AlreadyExists(T.Descriptor.Resource.GroupResource, metadata.Name));
            if (T.Descriptor.Namespaced && Of(Namespace.Descriptor.Resource).Objects.GetValueOrDefault(new("", metadata.Namespace))
                is { Metadata.DeletionTimestamp: not null })
                throw new ApiException(NamespaceEnding(T.Descriptor.Resource.GroupResource, metadata));
            stored = Store(all, null, (T)resource.WithMetadata(metadata with
            {
                Uid = $"uid-{++_uid}",
                CreationTimestamp = clock.GetUtcNow(),
                Generation = 1,
            }));
            _writes.Add("create " + T.Descriptor.Kind.Kind);
        }
        AfterWrite?.Invoke("create", stored);
        return Task.FromResult(stored);
    }

    public Task<T> UpdateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> => Put("update", resource);

    public Task<T> UpdateStatusAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> => Put("status", resource);

    public Task<T> PatchAsync<T>(NamespacedName name, Patch patch, CancellationToken cancellation, string subresource = "")
        where T : class, IResource<T> => Task.FromResult((T)Patched(T.Descriptor.Resource, name, patch, subresource));

    public Task DeleteAsync<T>(NamespacedName name, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T> =>
        DeletePartialAsync(T.Descriptor.Resource, name, options, cancellation);

    public Task DeleteCollectionAsync<T>(ListQuery query, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T> =>
        DeleteCollectionPartialAsync(T.Descriptor.Resource, query, options, cancellation);

    public Task<TResult> GetSubresourceAsync<T, TResult>(NamespacedName name, string subresource, CancellationToken cancellation)
        where T : class, IResource<T> where TResult : class, IKubernetesObject =>
        throw new NotSupportedException($"The fake has no subresource {subresource} to read.");

    public Task<TResult> CreateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body,
        CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject
    {
        if (Subresource?.Invoke(name, subresource, body) is TResult answer)
            return Task.FromResult(answer);
        if ((IKubernetesObject)body is not Binding binding || subresource != "binding")
            throw new NotSupportedException($"The fake has no subresource {subresource} to post to.");
        BeforeWrite?.Invoke("create", binding);
        lock (_gate)
        {
            var pod = (Pod)Require(Pod.Descriptor.Resource, name);
            if (pod.Spec.NodeName.Length > 0)
                throw new ApiException(Statuses.Conflict(new("", "pods/binding"), name.Name, $"pod {name.Name} is already assigned to node \"{pod.Spec.NodeName}\""));
            Store(Of(Pod.Descriptor.Resource), pod, pod with { Spec = pod.Spec with { NodeName = binding.Target.Name } });
        }
        return Task.FromResult((TResult)(object)Statuses.Success(201));
    }

    public Task<TResult> UpdateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body,
        CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject
    {
        if ((IKubernetesObject)body is not IMetadataObject changed || typeof(T) != typeof(TBody))
            throw new NotSupportedException($"The fake has no subresource {subresource} to put.");
        BeforeWrite?.Invoke("update", changed);
        lock (_gate)
            return Task.FromResult((TResult)(object)Store(Of(T.Descriptor.Resource), Check<T>((T)changed), (T)changed));
    }

    /// <summary>The scale of the workloads that have one.</summary>
    public Task<TResult> GetSubresourceAsync<TResult>(GroupVersionResource resource, NamespacedName name, string subresource, CancellationToken cancellation)
        where TResult : class, IKubernetesObject
    {
        lock (_gate)
            return Task.FromResult((TResult)(object)ScaleOf(Require(resource, name)));
    }

    public Task<TBody> UpdateSubresourceAsync<TBody>(GroupVersionResource resource, NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where TBody : class, IKubernetesObject
    {
        if ((IKubernetesObject)body is not Scale scale || subresource != "scale")
            throw new NotSupportedException($"The fake has no subresource {subresource} to put.");
        BeforeWrite?.Invoke("update", scale);
        Scale stored;
        lock (_gate)
        {
            var before = Require(resource, name);
            IMetadataObject after = before switch
            {
                Deployment d => d with { Spec = d.Spec with { Replicas = scale.Spec.Replicas } },
                ReplicaSet s => s with { Spec = s.Spec with { Replicas = scale.Spec.Replicas } },
                StatefulSet s => s with { Spec = s.Spec with { Replicas = scale.Spec.Replicas } },
                _ => throw new NotSupportedException($"The fake knows no scale of {before.GroupVersionKind.Kind}."),
            };
            stored = ScaleOf(Store(Of(resource), before, after));
            _writes.Add("update Scale");
        }
        AfterWrite?.Invoke("update", stored);
        return Task.FromResult((TBody)(object)stored);
    }

    /// <summary>Answers reads by path: JSON, or null where nobody serves the path.</summary>
    public Func<string, string?>? Raw { get; set; }

    public Task<ReadOnlyMemory<byte>> GetRawAsync(string pathAndQuery, CancellationToken cancellation) => Raw?.Invoke(pathAndQuery) is { } json
        ? Task.FromResult<ReadOnlyMemory<byte>>(System.Text.Encoding.UTF8.GetBytes(json))
        : Task.FromException<ReadOnlyMemory<byte>>(new ApiException(Statuses.NoSuchPath()));

    private static Scale ScaleOf(IMetadataObject o)
    {
        var (wanted, has, selector) = o switch
        {
            Deployment d => (d.Spec.Replicas ?? 1, d.Status.Replicas, d.Spec.Selector),
            ReplicaSet s => (s.Spec.Replicas ?? 1, s.Status.Replicas, s.Spec.Selector),
            StatefulSet s => (s.Spec.Replicas ?? 1, s.Status.Replicas, s.Spec.Selector),
            _ => throw new NotSupportedException($"The fake knows no scale of {o.GroupVersionKind.Kind}."),
        };
        return new()
        {
            Metadata = o.Metadata,
            Spec = new() { Replicas = wanted },
            Status = new() { Replicas = has, Selector = string.Join(',', (selector?.MatchLabels ?? default).Select(l => $"{l.Key}={l.Value}")) },
        };
    }

    /// <summary>Everything there is, of every kind.</summary>
    public IReadOnlyList<IMetadataObject> Everything()
    {
        lock (_gate)
            return [.. _resources.Values.SelectMany(r => r.Objects.Values)];
    }

    /// <summary>Group versions of which it is not known what they serve, with the reason.</summary>
    public IReadOnlyDictionary<string, string> DiscoveryFailures { get; set; } = new Dictionary<string, string>();

    public Task<IReadOnlyList<ServedResource>> ServerResourcesAsync(CancellationToken cancellation)
    {
        List<ServedResource> served = [.. ResourceTable.All.Select(d => new ServedResource(d.Resource, d.Kind.Kind, d.Namespaced, [.. d.Verbs]))];
        return Task.FromResult<IReadOnlyList<ServedResource>>(DiscoveryFailures.Count == 0 ? served : new PartialDiscovery(served, DiscoveryFailures));
    }

    public Task<PartialObjectMetadata?> FindPartialAsync(GroupVersionResource resource, NamespacedName name, CancellationToken cancellation)
    {
        lock (_gate)
            return Task.FromResult(Of(resource).Objects.TryGetValue(name, out var found) ? Partial(found) : null);
    }

    public Task<ResourceList<PartialObjectMetadata>> ListPartialAsync(GroupVersionResource resource, ListQuery query, CancellationToken cancellation)
    {
        lock (_gate)
            return Task.FromResult(new ResourceList<PartialObjectMetadata>([.. Select(resource, query).Select(Partial)], Version(_revision)));
    }

    public IAsyncEnumerable<WatchEvent<PartialObjectMetadata>> WatchPartialAsync(GroupVersionResource resource, WatchQuery query,
        CancellationToken cancellation) => FollowAsync(resource, query, Partial, cancellation);

    public Task<PartialObjectMetadata> PatchPartialAsync(GroupVersionResource resource, NamespacedName name, Patch patch,
        CancellationToken cancellation) => Task.FromResult(Partial(Patched(resource, name, patch, "")));

    public Task DeletePartialAsync(GroupVersionResource resource, NamespacedName name, DeleteOptions? options, CancellationToken cancellation)
    {
        IMetadataObject before;
        lock (_gate)
            before = Require(resource, name);
        BeforeWrite?.Invoke("delete", before);
        lock (_gate)
        {
            before = Require(resource, name);
            Delete(resource, before, options ?? DeleteOptions.Empty);
            _writes.Add("delete " + before.GroupVersionKind.Kind);
        }
        AfterWrite?.Invoke("delete", before);
        return Task.CompletedTask;
    }

    public async Task DeleteCollectionPartialAsync(GroupVersionResource resource, ListQuery query, DeleteOptions? options,
        CancellationToken cancellation)
    {
        foreach (var item in (await ListPartialAsync(resource, query, cancellation)).Items)
            await DeletePartialAsync(resource, item.FullName(), options, cancellation);
    }

    private Task<T> Put<T>(string verb, T resource) where T : class, IResource<T>
    {
        BeforeWrite?.Invoke(verb, resource);
        T stored;
        lock (_gate)
        {
            var before = Check<T>(resource);
            // What changed beside metadata and, in an update, status is the specification.
            var specChanged = verb == "update" && !before.WithMetadata(resource.Metadata).Equals(resource);
            stored = Store(Of(T.Descriptor.Resource), before, (T)resource.WithMetadata(resource.Metadata with
            {
                Generation = before.Metadata.Generation + (specChanged ? 1 : 0),
                DeletionTimestamp = before.Metadata.DeletionTimestamp,
            }));
            _writes.Add($"{verb} {T.Descriptor.Kind.Kind}");
        }
        AfterWrite?.Invoke(verb, stored);
        return Task.FromResult(stored);
    }

    private T Check<T>(T resource) where T : class, IResource<T>
    {
        var before = (T)Require(T.Descriptor.Resource, resource.FullName());
        if (resource.Metadata.ResourceVersion.Length > 0 && resource.Metadata.ResourceVersion != before.Metadata.ResourceVersion)
            throw new ApiException(Statuses.Conflict(T.Descriptor.Resource.GroupResource, resource.Metadata.Name));
        return before;
    }

    private IMetadataObject Patched(GroupVersionResource resource, NamespacedName name, Patch patch, string subresource)
    {
        IMetadataObject before;
        lock (_gate)
            before = Require(resource, name);
        BeforeWrite?.Invoke(subresource == "status" ? "status" : "patch", before);
        IMetadataObject stored;
        lock (_gate)
        {
            before = Require(resource, name);
            var codec = CodecTable.Find(before.GroupVersionKind)!;
            var merged = Merge(JsonNode.Parse(codec.ToJson(before)), JsonNode.Parse(patch.Body.Span));
            var after = (IMetadataObject)codec.ReadJson(System.Text.Encoding.UTF8.GetBytes(merged!.ToJsonString()), null);
            if (after.Metadata.Uid != before.Metadata.Uid || after.Metadata.ResourceVersion != before.Metadata.ResourceVersion)
                throw new ApiException(Statuses.Conflict(resource.GroupResource, name.Name));
            stored = Store(Of(resource), before, after);
            _writes.Add("patch " + before.GroupVersionKind.Kind);
        }
        AfterWrite?.Invoke("patch", stored);
        return stored;
    }

    // RFC 7386; lists are replaced, which is all that the users of the fake need of strategic merge, too.
    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        var result = target as JsonObject ?? [];
        foreach (var (key, value) in changes)
        {
            if (value is null)
                result.Remove(key);
            else
                result[key] = Merge(result[key]?.DeepClone(), value);
        }
        return result.DeepClone();
    }

    private void Delete(GroupVersionResource resource, IMetadataObject before, DeleteOptions options)
    {
        var metadata = before.Metadata;
        if (options.Preconditions?.Uid is { } uid && uid != metadata.Uid
            || options.Preconditions?.ResourceVersion is { } version && version != metadata.ResourceVersion)
            throw new ApiException(Statuses.Conflict(resource.GroupResource, metadata.Name));
        var finalizers = metadata.Finalizers;
        if (options.PropagationPolicy == DeletionPropagation.Foreground && !finalizers.Contains("foregroundDeletion"))
            finalizers = finalizers.Add("foregroundDeletion");
        if (options.PropagationPolicy == DeletionPropagation.Orphan && !finalizers.Contains("orphan"))
            finalizers = finalizers.Add("orphan");
        var graceful = before is Pod { Spec.NodeName.Length: > 0 } pod && options.GracePeriodSeconds != 0
            && pod.Status.Phase is not (PodPhase.Succeeded or PodPhase.Failed);
        var ending = (IMetadataObject)before.WithMetadata(metadata with
        {
            Finalizers = finalizers,
            DeletionTimestamp = metadata.DeletionTimestamp ?? clock.GetUtcNow(),
            DeletionGracePeriodSeconds = graceful ? options.GracePeriodSeconds ?? (before as Pod)?.Spec.TerminationGracePeriodSeconds ?? 30 : 0,
        });
        if (graceful)
            Store(Of(resource), before, ending, remove: false);
        else
            Store(Of(resource), before, ending);
    }

    /// <summary>Stores a new state; one that is being deleted and that nothing holds any more is removed.</summary>
    private T Store<T>(FakeResource resource, T? before, T after, bool? remove = null) where T : class, IMetadataObject
    {
        if (before is not null && before.WithMetadata(after.Metadata with { ResourceVersion = "" }).Equals(after.WithMetadata(after.Metadata with { ResourceVersion = "" }))
            && before.Metadata with { ResourceVersion = "" } == after.Metadata with { ResourceVersion = "" } && remove is null
            && after.Metadata.DeletionTimestamp is null)
            return before;      // no change, no event
        var stored = (T)after.WithMetadata(after.Metadata with { ResourceVersion = Version(++_revision) });
        var gone = remove ?? stored.Metadata.DeletionTimestamp is not null && stored.Metadata.Finalizers.Count == 0
            && stored is not Namespace { Spec.Finalizers.Count: > 0 }
            && !(stored is Pod && stored.Metadata.DeletionGracePeriodSeconds > 0);
        if (gone)
            resource.Objects.Remove(stored.FullName());
        else
            resource.Objects[stored.FullName()] = stored;
        resource.Log.Add((_revision, before is null ? WatchEventType.Added : gone ? WatchEventType.Deleted : WatchEventType.Modified, stored));
        resource.Pulse();
        return stored;
    }

    private IEnumerable<IMetadataObject> Select(GroupVersionResource resource, ListQuery query) =>
        Of(resource).Objects.Values.Where(o => Matches(o, query.Namespace, query.LabelSelector, query.FieldSelector));

    private static bool Matches(IMetadataObject o, string ns, string labels, string fields) =>
        (ns.Length == 0 || o.Metadata.Namespace == ns)
        && (labels.Length == 0 || Coxswain.Api.Selectors.Selector.Parse(labels).Matches(o.Metadata.Labels))
        && (fields.Length == 0 || Coxswain.Api.Selectors.FieldSelector.Parse(fields).Matches(f => Field(o, f)));

    private static string? Field(IMetadataObject o, string field) => (field, o) switch
    {
        ("metadata.name", _) => o.Metadata.Name,
        ("metadata.namespace", _) => o.Metadata.Namespace,
        ("spec.nodeName", Pod pod) => pod.Spec.NodeName,
        ("status.phase", Pod pod) => pod.Status.Phase,
        ("type", Secret secret) => secret.Type,
        _ => null,
    };

    private async IAsyncEnumerable<WatchEvent<T>> FollowAsync<T>(GroupVersionResource name, WatchQuery query, Func<IMetadataObject, T> convert,
        [EnumeratorCancellation] CancellationToken cancellation) where T : class, IMetadataObject
    {
        var after = query.ResourceVersion.Length == 0 ? 0 : long.Parse(query.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture);
        var next = 0;
        Task? waitsFor = null;
        lock (_gate)
            _watches++;
        try
        {
            while (true)
            {
                Task? held;
                lock (_gate)
                    held = _held?.Task;
                if (held is not null)
                    await held.WaitAsync(cancellation);
                Task changed;
                List<(long Revision, WatchEventType Type, IMetadataObject Object)> news;
                lock (_gate)
                {
                    var resource = Of(name);
                    if (resource.Compacted > after)
                        throw new ApiException(Statuses.Expired($"too old resource version: {after} ({resource.Compacted})"));
                    news = [.. resource.Log.Skip(next)];
                    next = resource.Log.Count;
                    changed = resource.Changed;
                    if (news.Count == 0)
                    {
                        resource.Waiting++;
                        waitsFor = changed;
                    }
                }
                foreach (var (revision, type, o) in news)
                {
                    if (revision > after && Matches(o, query.Namespace, query.LabelSelector, query.FieldSelector))
                        yield return new(type, convert(o));
                    after = Math.Max(after, revision);
                }
                if (news.Count == 0)
                    await changed.WaitAsync(cancellation);
            }
        }
        finally
        {
            lock (_gate)
            {
                _watches--;
                // One that ends while it waits is waiting no more.
                if (waitsFor == Of(name).Changed)
                    Of(name).Waiting--;
            }
        }
    }

    private FakeResource Of(GroupVersionResource resource)
    {
        if (!_resources.TryGetValue(resource, out var found))
            _resources[resource] = found = new();
        return found;
    }

    private IMetadataObject Require(GroupVersionResource resource, NamespacedName name) =>
        Of(resource).Objects.GetValueOrDefault(name) ?? throw new ApiException(Statuses.NotFound(resource.GroupResource, name.Name));

    private static PartialObjectMetadata Partial(IMetadataObject o) => new() { Metadata = o.Metadata };

    private static string Version(long revision) => revision.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static Status NamespaceEnding(GroupResource resource, ObjectMeta metadata)
    {
        var status = Statuses.Forbidden(resource, metadata.Name,
            $"unable to create new content in namespace {metadata.Namespace} because it is being terminated");
        return status with
        {
            Details = (status.Details ?? StatusDetails.Empty) with { Causes = [new() { Reason = "NamespaceTerminating", Field = "metadata.namespace" }] },
        };
    }

    private sealed class FakeResource
    {
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SortedDictionary<NamespacedName, IMetadataObject> Objects { get; } =
            new(Comparer<NamespacedName>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString())));
        public List<(long Revision, WatchEventType Type, IMetadataObject Object)> Log { get; } = [];
        public long Compacted { get; set; }
        public Task Changed => _changed.Task;

        /// <summary>Watches that have taken in everything.</summary>
        public int Waiting { get; set; }

        public void Pulse()
        {
            Waiting = 0;
            var changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.SetResult();
        }
    }
}
