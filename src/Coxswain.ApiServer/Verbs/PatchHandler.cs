using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Patching;
using Coxswain.ApiServer.Cache;

namespace Coxswain.ApiServer.Verbs;

/// <summary>PATCH: JSON patch, merge patch, strategic merge patch, and server-side apply.</summary>
internal sealed class PatchHandler(ObjectUpdater updater) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var type = TypeOf(request.ContentType);
        if (type == PatchTypes.StrategicMerge && scope.Registry.IsCustom)
            throw new ApiException(Statuses.UnsupportedMediaType(PatchTypes.Json, PatchTypes.Merge, PatchTypes.Apply));
        var options = WriteOptions.Parse("PatchOptions", request.Query, request.UserAgent, type);
        var update = new ObjectUpdater.Update(
            live => new(type == PatchTypes.Apply ? Apply(scope, request, live, options) : Patched(scope, request, type, live ?? throw scope.Registry.NotFound(request.Name), options)),
            options.DryRun,
            MayCreate: type == PatchTypes.Apply && scope.Subresource is null,
            Options: options.ToDocument("update")) { CreateOptions = options.ToDocument("create") };
        var (written, created) = await updater.UpdateAsync(scope, request, update, cancellation);
        return new ObjectResponse(created ? 201 : 200, scope.Registry, written);
    }

    internal static string TypeOf(string contentType)
    {
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? contentType : contentType[..end]).Trim();
    }

    private static IMetadataObject Patched(ResourceScope scope, ApiRequest request, string type, CachedObject live, in WriteOptions options)
    {
        var codec = scope.Registry.Codec;
        var found = PatchDecoder.Findings(type, request.Body.Span, options.FieldValidation);
        var patched = PatchDocument(JsonNode.Parse(live.Json.Span), request.Body.Span, type, codec.Schema);
        var value = PatchDecoder.Decode(codec, patched, request, options.FieldValidation, found);
        RequestedObject.CheckName(value.Metadata, request.Name, request.Namespace);
        value = RequestedObject.InNamespace(scope, request, value);
        value = scope.Registry.Strategy.Default(value);
        return FieldManagement.Update(scope, live, value, options.FieldManager, request.Now);
    }

    internal static JsonNode PatchDocument(JsonNode? document, ReadOnlySpan<byte> patch, string type, SchemaType schema) => type switch
    {
        PatchTypes.Json => JsonPatch.Apply(document, patch) ?? new JsonObject(),
        PatchTypes.Merge => MergePatch.Apply(document, patch) ?? new JsonObject(),
        _ => StrategicMergePatch.Apply(document!, patch, schema),
    };

    private static IMetadataObject Apply(ResourceScope scope, ApiRequest request, CachedObject? live, in WriteOptions options)
    {
        var applied = FieldManagement.Apply(scope, request, live, options);
        RequestedObject.CheckName(applied.Metadata, request.Name, request.Namespace);
        applied = RequestedObject.InNamespace(scope, request, applied);
        return scope.Registry.Strategy.Default(applied);
    }
}
