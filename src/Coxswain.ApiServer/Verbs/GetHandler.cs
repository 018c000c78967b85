namespace Coxswain.ApiServer.Verbs;

/// <summary>GET of one object, from the cache once it is as new as asked.</summary>
internal sealed class GetHandler : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var cache = scope.Registry.Cache;
        await cache.ReadyAsync(cancellation);
        if (request.Query.Find("resourceVersion") is { Length: > 0 } asked)
            await Freshness.WaitAsync(cache, ResourceVersionText.Parse(asked), cancellation);
        else
            await Freshness.CatchUpAsync(cache, request, cancellation);
        var key = scope.Registry.Key(request.Namespace, request.Name);
        var found = cache.Snapshot().Find(key) ?? throw scope.Registry.Missing(key, request.Name);
        return new ObjectResponse(200, scope.Registry, found);
    }
}
