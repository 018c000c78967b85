using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Whether an object in a request is the one that its path names.</summary>
internal static class RequestedObject
{
    /// <summary>The object with the namespace of the request.</summary>
    /// <exception cref="ApiException">400: it says another one.</exception>
    public static IMetadataObject InNamespace(ResourceScope scope, ApiRequest request, IMetadataObject value)
    {
        var expected = scope.Descriptor.Namespaced ? request.Namespace : "";
        var actual = value.Metadata.Namespace;
        if (actual == expected)
            return value;
        if (actual.Length == 0)
            return value.WithMetadata(value.Metadata with { Namespace = expected });
        // Objects without a namespace may say anything: it is dropped.
        if (!scope.Descriptor.Namespaced)
            return value.WithMetadata(value.Metadata with { Namespace = "" });
        throw new ApiException(Statuses.BadRequest("the namespace of the provided object does not match the namespace sent on the request"));
    }

    /// <exception cref="ApiException">400.</exception>
    public static void CheckName(ObjectMeta metadata, string name, string @namespace)
    {
        if (metadata.Name.Length == 0)
            throw new ApiException(Statuses.BadRequest($"the name of the object ({name} based on URL) was undeterminable: name must be provided"));
        if (metadata.Name != name)
            throw new ApiException(Statuses.BadRequest($"the name of the object ({metadata.Name}) does not match the name on the URL ({name})"));
        if (@namespace.Length > 0 && metadata.Namespace.Length > 0 && metadata.Namespace != @namespace)
            throw new ApiException(Statuses.BadRequest(
                $"the namespace of the object ({metadata.Namespace}) does not match the namespace on the request ({@namespace})"));
    }
}
