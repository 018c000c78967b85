using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Verbs;

/// <summary>POST: admits a new object and stores it. HTTP and in-process callers take the same path.</summary>
internal sealed class CreateHandler(ObjectCreator creator) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var value = (IMetadataObject)BodyDecoder.Decode(request, scope.Kind, options.FieldValidation);
        value = RequestedObject.InNamespace(scope, request, value);
        value = scope.Registry.Strategy.Default(value);
        value = FieldManagement.Update(scope, null, value, options.FieldManager, request.Now);
        var created = await creator.CreateAsync(scope, request, value, "", options.DryRun, CreateOptions(options), cancellation);
        return new ObjectResponse(201, scope.Registry, created);
    }

    private static CreateOptions CreateOptions(in WriteOptions options) => new()
    {
        DryRun = options.DryRun ? ["All"] : default,
        FieldManager = options.FieldManager,
    };
}
