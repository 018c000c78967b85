using Coxswain.Api;

namespace Coxswain.ApiServer.Verbs;

/// <summary>PUT of an object, or of it through a subresource of the same kind.</summary>
internal sealed class UpdateHandler(ObjectUpdater updater) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("UpdateOptions", request.Query, request.UserAgent);
        var submitted = (IMetadataObject)BodyDecoder.DecodeObject(request, scope, options.FieldValidation);
        RequestedObject.CheckName(submitted.Metadata, request.Name, request.Namespace);
        submitted = RequestedObject.InNamespace(scope, request, submitted);
        submitted = scope.Registry.Strategy.Default(submitted);

        var update = new ObjectUpdater.Update(
            live => new(FieldManagement.Update(scope, live, submitted, options.FieldManager, request.Now)),
            options.DryRun,
            ExpectedUid: submitted.Metadata.Uid,
            Options: options.ToDocument("update")) { CreateOptions = options.ToDocument("create") };
        var (written, created) = await updater.UpdateAsync(scope, request, update, cancellation);
        return new ObjectResponse(created ? 201 : 200, scope.Registry, written);
    }
}
