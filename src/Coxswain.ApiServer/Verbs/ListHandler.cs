using Coxswain.Api;
using Coxswain.ApiServer.Cache;

namespace Coxswain.ApiServer.Verbs;

/// <summary>GET of many objects, as of one revision.</summary>
internal sealed class ListHandler : IVerbHandler
{
    private const string Compacted =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, "
        + "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an "
        + "inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation) =>
        await ListAsync(scope, request.Namespace, ListQueryOptions.Parse(request.Query, watch: false), cancellation, request);

    /// <param name="reader">Who only reads, and may be given what is old where there is no other. Null: a consistent list or none.</param>
    public static async Task<ListResponse> ListAsync(
        ResourceScope scope, string @namespace, ListQueryOptions options, CancellationToken cancellation, ApiRequest? reader = null)
    {
        var registry = scope.Registry;
        var filter = ObjectFilter.Parse(registry, options.LabelSelector, options.FieldSelector);
        var prefix = registry.RangePrefix(@namespace);
        ContinueToken? from = options.Continue.Length > 0 ? ContinueToken.Decode(options.Continue, prefix) : null;
        if (from is not null && options.ResourceVersion is > 0)
            throw new ApiException(Statuses.BadRequest("specifying resource version is not allowed when using continue"));

        var snapshot = await SnapshotAsync(registry.Cache, options, from, prefix, reader, cancellation);
        var items = new List<CachedObject>();
        if (from is null && filter.Name.Length > 0 && (@namespace.Length > 0 || filter.Namespace.Length > 0 || !registry.Descriptor.Namespaced))
        {
            var place = @namespace.Length > 0 ? @namespace : filter.Namespace;
            if (snapshot.Find(registry.Key(place, filter.Name)) is { } only && filter.Matches(only))
                items.Add(only);
            return new(registry, items, snapshot.Revision, "", null);
        }

        var limit = options.Limit > 0 ? options.Limit : long.MaxValue;
        if (limit == long.MaxValue && filter.IsEverything && from is null)
            items.Capacity = snapshot.CountOf(prefix);
        if (!Collect(items, snapshot.Range(prefix, from?.LastKey), filter, limit))
            return new(registry, items, snapshot.Revision, "", null);
        // How many are left is only known where all of them count.
        long? remaining = filter.IsEverything ? snapshot.CountAfter(prefix, items[^1].Key) : null;
        return new(registry, items, snapshot.Revision, ContinueToken.Encode(snapshot.Revision, items[^1].Key, prefix), remaining);
    }

    /// <returns>Whether there are more than the limit allows.</returns>
    private static bool Collect(List<CachedObject> items, IEnumerable<CachedObject> range, ObjectFilter filter, long limit)
    {
        var everything = filter.IsEverything;
        var pass = filter.NewPass();
        foreach (var cached in range)
        {
            if (!everything && !pass.Matches(cached))
                continue;
            if (items.Count >= limit)
                return true;
            items.Add(cached);
        }

        return false;
    }

    private static async ValueTask<CacheSnapshot> SnapshotAsync(
        WatchCache cache, ListQueryOptions options, ContinueToken? from, string prefix, ApiRequest? reader, CancellationToken cancellation)
    {
        await cache.ReadyAsync(cancellation);
        if (from is { Revision: > 0 } token)
        {
            return await cache.SnapshotAtAsync(token.Revision, cancellation) ?? throw new ApiException(Statuses.Expired(Compacted) with
            {
                Metadata = new() { Continue = ContinueToken.Encode(-1, token.LastKey, prefix) },
            });
        }

        if (options.ResourceVersion is not { } revision)
        {
            if (reader is null)
                await cache.CatchUpAsync(cancellation);
            else
                await Freshness.CatchUpAsync(cache, reader, cancellation);
            return cache.Snapshot();
        }

        await Freshness.WaitAsync(cache, revision, cancellation);
        // A limited list at a version without a match is served from the present state, as upstream does since v1.31.
        if (options.Match != VersionMatch.Exact)
            return cache.Snapshot();
        return await cache.SnapshotAtAsync(revision, cancellation)
            ?? throw new ApiException(Statuses.Expired($"The resourceVersion for the provided list is too old."));
    }
}
