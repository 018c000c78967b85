using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>The old list of parts of the control plane, of which only the store can be told from here.</summary>
internal sealed class ComponentStatusHandler(RegistryTable registries) : IVerbHandler
{
    private const string Name = "etcd-0";

    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        if (request.Verb is "get" && request.Name != Name)
            throw scope.Registry.NotFound(request.Name);
        request.Warnings.Add("v1 ComponentStatus is deprecated in v1.19+");
        var store = await StoreAsync(cancellation);
        // Of no revision: it is made for this answer and stored nowhere.
        var made = new CachedObject(scope.Registry.Key("", Name), store, CodecTable.Find(scope.Registry.Descriptor.Kind)!.ToJson(store), revision: 0);
        return request.Verb == "get" ? new ObjectResponse(200, scope.Registry, made) : new ListResponse(scope.Registry, [made], 0, "", null);
    }

    private async ValueTask<ComponentStatus> StoreAsync(CancellationToken cancellation)
    {
        string status, message;
        try
        {
            await registries.Store.GetRevisionsAsync(cancellation);
            (status, message) = ("True", "ok");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            (status, message) = ("False", e.Message);
        }

        return new() { Metadata = new() { Name = Name }, Conditions = [new() { Type = "Healthy", Status = status, Message = message }] };
    }
}
