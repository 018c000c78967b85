using Coxswain.Api;

namespace Coxswain.ApiServer.Verbs;

/// <summary>POST: admits a new object and stores it. HTTP and in-process callers take the same path.</summary>
internal sealed class CreateHandler(ObjectCreator creator) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var value = (IMetadataObject)BodyDecoder.DecodeObject(request, scope, options.FieldValidation);
        value = RequestedObject.InNamespace(scope, request, value);
        value = scope.Registry.Strategy.Default(value);
        value = FieldManagement.Update(scope, null, value, options.FieldManager, request.Now);
        var created = await creator.CreateAsync(scope, request, value, "", options.DryRun, options.ToDocument("create"), cancellation);
        return new ObjectResponse(201, scope.Registry, created);
    }
}
