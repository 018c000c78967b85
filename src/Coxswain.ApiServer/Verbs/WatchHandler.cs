using Coxswain.Api;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>GET with watch: objects as they change.</summary>
internal sealed class WatchHandler(TimeSpan minTimeout) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = ListQueryOptions.Parse(request.Query, watch: true);
        var registry = scope.Registry;
        var filter = ObjectFilter.Parse(registry, options.LabelSelector, options.FieldSelector);
        var name = request.Info.NameInPath ? request.Name : filter.OnlyName || filter.Name.Length > 0 ? filter.Name : "";
        var subscription = await SubscribeAsync(registry, request, name, request.Info.NameInPath ? null : filter, options, cancellation);

        // Without a wish the server ends a watch at some moment between its least time and twice that, so that not all end at once.
        var timeout = options.TimeoutSeconds is { } seconds and > 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue / 1000))
            : minTimeout * (1 + Random.Shared.NextDouble());
        return new WatchResponse(registry, subscription, timeout);
    }

    /// <exception cref="ApiException">410 of what is too old is told inside the stream, see <see cref="ExpiredWatchException"/>.</exception>
    private static async Task<WatchCacheSubscription> SubscribeAsync(
        ResourceRegistry registry, ApiRequest reader, string name, ObjectFilter? filter, ListQueryOptions options, CancellationToken cancellation)
    {
        var cache = registry.Cache;
        var @namespace = reader.Namespace;
        await cache.ReadyAsync(cancellation);
        long? after = options.ResourceVersion is > 0 ? options.ResourceVersion : null;
        var sendsInitial = options.SendInitialEvents ?? after is null;
        if (options.ResourceVersion is { } revision)
            await Freshness.WaitAsync(cache, revision, cancellation);
        else
            await Freshness.CatchUpAsync(cache, reader, cancellation);
        if (!sendsInitial && after is null)
            after = cache.Revision;

        var single = name.Length > 0 && (@namespace.Length > 0 || !registry.Descriptor.Namespaced);
        var request = new WatchRequest
        {
            KeyPrefix = single ? registry.Key(@namespace, name) : registry.RangePrefix(@namespace),
            After = sendsInitial ? null : after,
            Filter = Filter(name, filter),
            Bookmarks = options.AllowBookmarks,
            InitialEventsEnd = options.SendInitialEvents == true && options.AllowBookmarks,
        };
        try
        {
            return cache.Watch(request);
        }
        catch (ExpiredException expired)
        {
            throw new ExpiredWatchException(Statuses.Expired(expired.Message));
        }
    }

    // The key prefix of one object is also a prefix of longer names.
    private static Func<CachedObject, bool>? Filter(string name, ObjectFilter? filter) => (name.Length > 0, filter?.AsFunction()) switch
    {
        (false, var matches) => matches,
        (true, null) => cached => cached.Name == name,
        (true, { } matches) => cached => cached.Name == name && matches(cached),
    };
}

/// <summary>A watch cannot start because its past is gone. HTTP clients are told inside a stream that has begun with 200.</summary>
internal sealed class ExpiredWatchException(Api.Meta.V1.Status status) : Exception(status.Message)
{
    public Api.Meta.V1.Status Status { get; } = status;
}
