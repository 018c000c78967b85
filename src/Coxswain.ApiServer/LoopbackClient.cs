using System.Runtime.CompilerServices;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Aggregation;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;
using Coxswain.Client;
using Patch = Coxswain.Client.Patch;

namespace Coxswain.ApiServer;

/// <summary>The API without sockets and encoding: requests as typed objects take the same chain from authorization on, and answers are
/// the cache's own objects.</summary>
internal sealed class LoopbackClient(
    Func<ApiDispatcher> dispatcher, RegistryTable registries, Func<ForwardedClients> others, UserInfo user, string userAgent, TimeProvider clock) : IApiClient
{
    public async Task<T> GetAsync<T>(NamespacedName name, CancellationToken cancellation)
        where T : class, IResource<T> => Object<T>(await SendAsync(T.Descriptor, "get", name, cancellation));

    public async Task<T?> FindAsync<T>(NamespacedName name, CancellationToken cancellation)
        where T : class, IResource<T>
    {
        try
        {
            return await GetAsync<T>(name, cancellation);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return null;
        }
    }

    public async Task<ResourceList<T>> ListAsync<T>(ListQuery query, CancellationToken cancellation)
        where T : class, IResource<T>
    {
        var list = await ListAsync(T.Descriptor, query, cancellation);
        var items = new T[list.Items.Count];
        for (var i = 0; i < items.Length; i++)
            items[i] = (T)list.Items[i].Object;
        return new(items, ResourceVersionText.Of(list.Revision), list.Continue);
    }

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(WatchQuery query, [EnumeratorCancellation] CancellationToken cancellation)
        where T : class, IResource<T>
    {
        // Who follows a whole kind holds its objects: then it is the cache's that he holds.
        if (query is { Namespace: "", LabelSelector: "", FieldSelector: "" })
            registries.For<T>().Cache.KeepDecoded();
        await foreach (var next in WatchAsync(T.Descriptor, query, cancellation))
        {
            yield return next.Type == WatchCacheEventType.Bookmark
                ? WatchEvent<T>.Bookmark(ResourceVersionText.Of(next.Revision))
                : new(TypeOf(next.Type), (T)next.Object.Object);
        }
    }

    public async Task<T> CreateAsync<T>(T resource, CancellationToken cancellation)
        where T : class, IResource<T> => Stored<T>(await SendAsync(
            T.Descriptor, "create", new(resource.Metadata.Namespace, ""), cancellation, body: resource));

    public async Task<T> UpdateAsync<T>(T resource, CancellationToken cancellation)
        where T : class, IResource<T> => Stored<T>(await SendAsync(
            T.Descriptor, "update", NamespacedName.Of(resource), cancellation, body: resource));

    public async Task<T> UpdateStatusAsync<T>(T resource, CancellationToken cancellation)
        where T : class, IResource<T> => Stored<T>(await SendAsync(
            T.Descriptor, "update", NamespacedName.Of(resource), cancellation, "status", resource));

    public async Task<T> PatchAsync<T>(NamespacedName name, Patch patch, CancellationToken cancellation, string subresource = "")
        where T : class, IResource<T> => Object<T>(await PatchAsync(T.Descriptor, name, patch, subresource, cancellation));

    public Task DeleteAsync<T>(NamespacedName name, DeleteOptions? options, CancellationToken cancellation)
        where T : class, IResource<T> => SendAsync(T.Descriptor, "delete", name, cancellation, body: options);

    public Task DeleteCollectionAsync<T>(ListQuery query, DeleteOptions? options, CancellationToken cancellation)
        where T : class, IResource<T> => DeleteCollectionAsync(T.Descriptor, query, options, cancellation);

    public async Task<TResult> GetSubresourceAsync<T, TResult>(NamespacedName name, string subresource, CancellationToken cancellation)
        where T : class, IResource<T>
        where TResult : class, IKubernetesObject => Document<TResult>(await SendAsync(T.Descriptor, "get", name, cancellation, subresource));

    public async Task<TResult> CreateSubresourceAsync<T, TBody, TResult>(
        NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where T : class, IResource<T>
        where TBody : class, IKubernetesObject
        where TResult : class, IKubernetesObject => Document<TResult>(await SendAsync(T.Descriptor, "create", name, cancellation, subresource, body));

    public async Task<TResult> UpdateSubresourceAsync<T, TBody, TResult>(
        NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where T : class, IResource<T>
        where TBody : class, IKubernetesObject
        where TResult : class, IKubernetesObject => Document<TResult>(await SendAsync(T.Descriptor, "update", name, cancellation, subresource, body));

    public async Task<TResult> GetSubresourceAsync<TResult>(GroupVersionResource resource, NamespacedName name, string subresource, CancellationToken cancellation)
        where TResult : class, IKubernetesObject => Document<TResult>(await SendAsync(Descriptor(resource), "get", name, cancellation, subresource));

    public async Task<TBody> UpdateSubresourceAsync<TBody>(
        GroupVersionResource resource, NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where TBody : class, IKubernetesObject => Document<TBody>(await SendAsync(Descriptor(resource), "update", name, cancellation, subresource, body));

    /// <summary>Reading by path is for the APIs of other servers; as long as none is passed on, every such path is unknown.</summary>
    public Task<ReadOnlyMemory<byte>> GetRawAsync(string pathAndQuery, CancellationToken cancellation) =>
        Task.FromException<ReadOnlyMemory<byte>>(new ApiException(Statuses.NoSuchPath()));

    public async Task<IReadOnlyList<ServedResource>> ServerResourcesAsync(CancellationToken cancellation)
    {
        await registries.Custom.ReadyAsync(cancellation);
        var failures = new Dictionary<string, string>(StringComparer.Ordinal);
        List<ServedResource> served =
        [
            .. registries.Everything.Select(r => new ServedResource(r.Descriptor.Resource, r.Descriptor.Kind.Kind, r.Descriptor.Namespaced, [.. r.Descriptor.Verbs])),
            .. others().Resources(failures),
        ];
        return failures.Count == 0 ? served : new PartialDiscovery(served, failures);
    }

    public async Task<PartialObjectMetadata?> FindPartialAsync(GroupVersionResource resource, NamespacedName name, CancellationToken cancellation)
    {
        if (await ElsewhereAsync(resource, "get", name, cancellation) is { } other)
            return await other.FindPartialAsync(resource, name, cancellation);
        try
        {
            return Partial(((ObjectResponse)await SendAsync(Descriptor(resource), "get", name, cancellation)).Object);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return null;
        }
    }

    public async Task<ResourceList<PartialObjectMetadata>> ListPartialAsync(GroupVersionResource resource, ListQuery query, CancellationToken cancellation)
    {
        if (await ElsewhereAsync(resource, "list", new(query.Namespace, ""), cancellation) is { } other)
            return await other.ListPartialAsync(resource, query, cancellation);
        var list = await ListAsync(Descriptor(resource), query, cancellation);
        return new([.. list.Items.Select(Partial)], ResourceVersionText.Of(list.Revision), list.Continue);
    }

    public async IAsyncEnumerable<WatchEvent<PartialObjectMetadata>> WatchPartialAsync(
        GroupVersionResource resource, WatchQuery query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (await ElsewhereAsync(resource, "watch", new(query.Namespace, ""), cancellation) is { } other)
        {
            await foreach (var next in other.WatchPartialAsync(resource, query, cancellation))
                yield return next;
            yield break;
        }

        await foreach (var next in WatchAsync(Descriptor(resource), query, cancellation))
        {
            yield return next.Type == WatchCacheEventType.Bookmark
                ? WatchEvent<PartialObjectMetadata>.Bookmark(ResourceVersionText.Of(next.Revision))
                : new(TypeOf(next.Type), Partial(next.Object));
        }
    }

    public async Task<PartialObjectMetadata> PatchPartialAsync(
        GroupVersionResource resource, NamespacedName name, Patch patch, CancellationToken cancellation) =>
        await ElsewhereAsync(resource, "patch", name, cancellation) is { } other
            ? await other.PatchPartialAsync(resource, name, patch, cancellation)
            : Partial(((ObjectResponse)await PatchAsync(Descriptor(resource), name, patch, "", cancellation)).Object);

    public async Task DeletePartialAsync(GroupVersionResource resource, NamespacedName name, DeleteOptions? options, CancellationToken cancellation)
    {
        if (await ElsewhereAsync(resource, "delete", name, cancellation) is { } other)
            await other.DeletePartialAsync(resource, name, options, cancellation);
        else
            await SendAsync(Descriptor(resource), "delete", name, cancellation, body: options);
    }

    public async Task DeleteCollectionPartialAsync(GroupVersionResource resource, ListQuery query, DeleteOptions? options, CancellationToken cancellation)
    {
        if (await ElsewhereAsync(resource, "deletecollection", new(query.Namespace, ""), cancellation) is { } other)
            await other.DeleteCollectionPartialAsync(resource, query, options, cancellation);
        else
            await DeleteCollectionAsync(Descriptor(resource), query, options, cancellation);
    }

    /// <summary>A client for a resource that another server serves, if the user may do this; null: this server serves it.</summary>
    /// <exception cref="ApiException">403, 503.</exception>
    private async ValueTask<IApiClient?> ElsewhereAsync(GroupVersionResource resource, string verb, NamespacedName name, CancellationToken cancellation)
    {
        if (registries.IsBuiltIn(resource.Group) || await others().FindAsync(resource, user, cancellation) is not { } other)
            return null;
        await dispatcher().AuthorizeAsync(
            new()
            {
                Info = new()
                {
                    IsResourceRequest = true,
                    Path = "",
                    Verb = verb,
                    ApiGroup = resource.Group,
                    ApiVersion = resource.Version,
                    Namespace = name.Namespace,
                    Resource = resource.Resource,
                    Name = name.Name,
                    NameInPath = name.Name.Length > 0,
                    PartCount = name.Name.Length > 0 ? 2 : 1,
                },
                User = user,
                UserAgent = userAgent,
                Now = Now(),
            },
            cancellation);
        return other;
    }

    private Task<ApiResponse> PatchAsync(
        ResourceDescriptor descriptor, NamespacedName name, Patch patch, string subresource, CancellationToken cancellation)
    {
        var query = new List<(string, string)>(2);
        if (patch.FieldManager.Length > 0)
            query.Add(("fieldManager", patch.FieldManager));
        if (patch.Force)
            query.Add(("force", "true"));
        return dispatcher().SendAsync(new()
        {
            Info = Info(descriptor, "patch", name, subresource),
            User = user,
            UserAgent = userAgent,
            Query = QueryParameters.Of([.. query]),
            ContentType = patch.ContentType,
            Body = patch.Body,
            Now = Now(),
        }, cancellation);
    }

    private Task DeleteCollectionAsync(ResourceDescriptor descriptor, ListQuery query, DeleteOptions? options, CancellationToken cancellation) =>
        dispatcher().SendAsync(new()
        {
            Info = Info(descriptor, "deletecollection", new(query.Namespace, ""), ""),
            User = user,
            UserAgent = userAgent,
            Query = Parameters(query),
            Object = options,
            Now = Now(),
        }, cancellation);

    private async Task<ListResponse> ListAsync(ResourceDescriptor descriptor, ListQuery query, CancellationToken cancellation) =>
        (ListResponse)await dispatcher().SendAsync(new()
        {
            Info = Info(descriptor, "list", new(query.Namespace, ""), ""),
            User = user,
            UserAgent = userAgent,
            Query = Parameters(query),
            Now = Now(),
        }, cancellation);

    private async IAsyncEnumerable<WatchCacheEvent> WatchAsync(
        ResourceDescriptor descriptor, WatchQuery query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var parameters = new List<(string, string)> { ("watch", "true") };
        Add(parameters, "labelSelector", query.LabelSelector);
        Add(parameters, "fieldSelector", query.FieldSelector);
        Add(parameters, "resourceVersion", query.ResourceVersion);
        if (query.AllowBookmarks)
            parameters.Add(("allowWatchBookmarks", "true"));
        if (query.Timeout is { } wished)
            parameters.Add(("timeoutSeconds", ResourceVersionText.Of((long)Math.Ceiling(wished.TotalSeconds))));
        WatchResponse watch;
        try
        {
            watch = (WatchResponse)await dispatcher().SendAsync(new()
            {
                Info = Info(descriptor, "watch", new(query.Namespace, ""), ""),
                User = user,
                UserAgent = userAgent,
                Query = QueryParameters.Of([.. parameters]),
                Now = Now(),
            }, cancellation);
        }
        catch (ExpiredWatchException expired)
        {
            throw new ApiException(expired.Status);
        }

        using var subscription = watch.Subscription;
        using var timeout = new CancellationTokenSource(watch.Timeout, clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        while (await MoreAsync(subscription, timeout, ended.Token, cancellation))
            while (subscription.TryRead(out var next))
                yield return next;
    }

    private static async ValueTask<bool> MoreAsync(
        WatchCacheSubscription subscription, CancellationTokenSource timeout, CancellationToken ended, CancellationToken cancellation)
    {
        try
        {
            return await subscription.WaitToReadAsync(ended);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private Task<ApiResponse> SendAsync(
        ResourceDescriptor descriptor, string verb, NamespacedName name, CancellationToken cancellation, string subresource = "", IKubernetesObject? body = null) =>
        dispatcher().SendAsync(new()
        {
            Info = Info(descriptor, verb, name, subresource),
            User = user,
            UserAgent = userAgent,
            Object = body,
            Now = Now(),
        }, cancellation);

    private static RequestInfo Info(ResourceDescriptor descriptor, string verb, NamespacedName name, string subresource) => new()
    {
        IsResourceRequest = true,
        Path = "",
        Verb = verb,
        ApiGroup = descriptor.Kind.Group,
        ApiVersion = descriptor.Kind.Version,
        Namespace = descriptor.Namespaced ? name.Namespace : descriptor is { Plural: "namespaces", Kind.Group: "" } ? name.Name : "",
        Resource = descriptor.Plural,
        Subresource = subresource,
        Name = name.Name,
        NameInPath = name.Name.Length > 0,
        PartCount = subresource.Length > 0 ? 3 : name.Name.Length > 0 ? 2 : 1,
    };

    private static QueryParameters Parameters(ListQuery query)
    {
        var parameters = new List<(string, string)>();
        Add(parameters, "labelSelector", query.LabelSelector);
        Add(parameters, "fieldSelector", query.FieldSelector);
        Add(parameters, "resourceVersion", query.ResourceVersion);
        Add(parameters, "resourceVersionMatch", query.ResourceVersionMatch);
        Add(parameters, "continue", query.Continue);
        if (query.Limit is { } limit)
            parameters.Add(("limit", ResourceVersionText.Of(limit)));
        return parameters.Count == 0 ? QueryParameters.Empty : QueryParameters.Of([.. parameters]);
    }

    private static void Add(List<(string, string)> parameters, string name, string value)
    {
        if (value.Length > 0)
            parameters.Add((name, value));
    }

    /// <exception cref="ApiException">404: there is no such resource.</exception>
    private ResourceDescriptor Descriptor(GroupVersionResource resource) =>
        registries.Find(resource)?.Descriptor ?? throw new ApiException(Statuses.NoSuchPath());

    private static T Object<T>(ApiResponse response)
        where T : class => response switch
        {
            ObjectResponse one => (T)one.Object.Object,
            DocumentResponse { Document: T document } => document,
            _ => throw new InvalidOperationException($"the answer is no {typeof(T).Name}"),
        };

    /// <summary>What was handed over may say more than is stored (fractions of seconds): the answer is what is stored.</summary>
    private static T Stored<T>(ApiResponse response)
        where T : class => response is ObjectResponse one ? (T)one.Registry.Codec.ReadJson(one.Object.Json.Span, null) : Object<T>(response);

    private static T Document<T>(ApiResponse response)
        where T : class => Object<T>(response);

    private static PartialObjectMetadata Partial(CachedObject cached) => new() { Metadata = cached.Metadata };

    private static WatchEventType TypeOf(WatchCacheEventType type) => type switch
    {
        WatchCacheEventType.Added => WatchEventType.Added,
        WatchCacheEventType.Modified => WatchEventType.Modified,
        _ => WatchEventType.Deleted,
    };

    private DateTimeOffset Now()
    {
        var now = clock.GetUtcNow();
        return new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
    }
}
