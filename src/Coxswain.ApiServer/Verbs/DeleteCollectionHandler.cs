using Coxswain.Api;
using Coxswain.ApiServer.Cache;

namespace Coxswain.ApiServer.Verbs;

/// <summary>DELETE of all objects that match.</summary>
internal sealed class DeleteCollectionHandler(ObjectDeleter deleter) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var list = ListQueryOptions.Parse(request.Query, watch: false);
        var options = DeleteRules.Parse(request);
        var found = await ListHandler.ListAsync(scope, request.Namespace, list, cancellation);
        var deleted = new List<CachedObject>(found.Items.Count);
        foreach (var item in found.Items)
        {
            try
            {
                await deleter.DeleteAsync(scope, request, item.Namespace, item.Name, options, cancellation);
                deleted.Add(item);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Somebody else deleted it meanwhile: it is gone, which is what was asked.
            }
        }

        return found with { Items = deleted };
    }
}
