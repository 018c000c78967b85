using Coxswain.Api.Core.V1;
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
        var store = await StoreAsync(cancellation);
        return request.Verb == "get" ? new DocumentResponse(200, store) : new DocumentResponse(200, new ComponentStatusList { Items = [store] });
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
