using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The operations of the paths that tell what is served.</summary>
internal static class DiscoveryOperations
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    /// <summary>The paths of the server as a whole, each with its document in version 3.</summary>
    public static IReadOnlyList<(string Document, ApiOperation Operation)> OfServer { get; } =
    [
        (".well-known/openid-configuration", Make("/.well-known/openid-configuration", "getServiceAccountIssuerOpenIDConfiguration", "WellKnown",
            "read how tokens of service accounts are checked (OpenID Connect Discovery)", null) with { Produces = MediaTypes.Json }),
        ("api", Make("/api/", "getCoreAPIVersions", "core", "list the versions of the core group", Meta + "APIVersions") with { Consumes = MediaTypes.Objects }),
        ("apis", Make("/apis/", "getAPIVersions", "apis", "list the groups and their versions", Meta + "APIGroupList") with { Consumes = MediaTypes.Objects }),
        ("openid/v1/jwks", Make("/openid/v1/jwks", "getServiceAccountIssuerOpenIDKeyset", "openid",
            "read the public keys that tokens of service accounts are signed for", null) with { Produces = MediaTypes.KeySet }),
        ("version", Make("/version/", "getCodeVersion", "version", "read the version of the server", "io.k8s.apimachinery.pkg.version.Info")
            with { Consumes = MediaTypes.Json, Produces = MediaTypes.Json }),
    ];

    public static ApiOperation OfGroup(string group) =>
        Make($"/apis/{group}/", $"get{OperationNames.Group(group)}APIGroup", OperationNames.GroupTag(group), "read the versions of the group", Meta + "APIGroup")
            with { Consumes = MediaTypes.Objects };

    public static ApiOperation OfVersion(GroupVersion version) =>
        Make(ApiOperations.Root(version) + "/", $"get{OperationNames.GroupVersion(version)}APIResources", OperationNames.Tag(version),
            "list the resources of the version", Meta + "APIResourceList") with { Consumes = MediaTypes.Objects };

    private static ApiOperation Make(string path, string id, string tag, string description, string? answer) => new()
    {
        Path = path,
        Method = "get",
        Id = id,
        Tag = tag,
        Description = description,
        Answer = answer,
    };
}
