using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Autoscaling.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Subresources;

/// <summary>The scale subresource: any scalable object seen as a number of replicas.</summary>
internal sealed class ScaleHandler(ObjectUpdater updater) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var scale = scope.Registry.Strategy.Scale ?? throw new ApiException(Statuses.NoSuchPath());
        if (request.Verb == "get")
        {
            var live = await scope.Registry.FindAsync(request.Namespace, request.Name, cancellation)
                ?? throw new ApiException(Statuses.NotFound(ScaleOf(scope.Registry.GroupResource), request.Name));
            return new DocumentResponse(200, scale.Get(live.Object));
        }

        var patchType = request.Verb == "patch" ? PatchHandler.TypeOf(request.ContentType) : "";
        var options = WriteOptions.Parse(request.Verb == "patch" ? "PatchOptions" : "UpdateOptions", request.Query, request.UserAgent, patchType);
        // The object itself is written, by the object's own rules.
        var whole = scope with { Subresource = null };
        var update = new ObjectUpdater.Update(live => new(Change(scope, request, scale, live!, patchType, options)), options.DryRun, Options: options.ToDocument("update"))
        {
            Part = new(scope, scale.Get, (o, part) => part is Scale changed && changed.Spec != scale.Get(o).Spec ? scale.Set(o, changed) : o),
        };
        var (written, _) = await updater.UpdateAsync(whole, request, update, cancellation);
        return new DocumentResponse(200, scale.Get(written.Object));
    }

    /// <summary>What a missing object is called. Reading the scale of a stateful set is the exception upstream: it names the set.</summary>
    private static GroupResource ScaleOf(GroupResource resource) => resource switch
    {
        ("", "replicationcontrollers") => new("autoscaling", "replicationcontrollers/scale"),
        ("apps", "deployments" or "replicasets") => new(resource.Group, resource.Resource + "/scale"),
        _ => resource,
    };

    private static IMetadataObject Change(
        ResourceScope scope, ApiRequest request, IScaleStrategy scale, CachedObject live, string patchType, in WriteOptions options)
    {
        var current = scale.Get(live.Object);
        var wanted = patchType.Length == 0
            ? (Scale)BodyDecoder.Decode(request, scope.Kind, options.FieldValidation)
            : Patched(request, current, patchType, options.FieldValidation);
        RequestedObject.CheckName(wanted.Metadata, request.Name, request.Namespace);
        if (wanted.Metadata.ResourceVersion.Length > 0 && wanted.Metadata.ResourceVersion != live.Object.Metadata.ResourceVersion)
            throw new ApiException(Statuses.Conflict(scope.Registry.GroupResource, request.Name));
        if (wanted.Spec.Replicas < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid(Paths.Spec.Child("replicas"), wanted.Spec.Replicas, CommonRules.NotNegative);
            throw new ApiException(Statuses.Invalid(scope.Kind, request.Name, errors));
        }

        var changed = scale.Set(live.Object, wanted);
        return FieldManagement.Update(scope, live, changed, options.FieldManager, request.Now);
    }

    private static Scale Patched(ApiRequest request, Scale current, string type, FieldValidation validation)
    {
        var codec = CodecTable.Find(((IKubernetesObject)current).GroupVersionKind)!;
        var found = PatchDecoder.Findings(type, request.Body.Span, validation);
        var patched = PatchHandler.PatchDocument(JsonNode.Parse(codec.ToJson(current)), request.Body.Span, type, codec.Schema);
        return (Scale)PatchDecoder.Decode(codec, patched, request, validation, found);
    }
}
