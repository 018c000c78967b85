namespace Coxswain.ApiServer.OpenApi;

/// <summary>The media types that operations take and give, in upstream's order.</summary>
internal static class MediaTypes
{
    public static readonly string[] Any = ["*/*"];

    public static readonly string[] Json = ["application/json"];

    public static readonly string[] KeySet = ["application/jwk-set+json"];

    public static readonly string[] Objects = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    /// <summary>What a list gives, which is a stream when it is watched.</summary>
    public static readonly string[] Streams = [.. Objects, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

    public static readonly string[] Log = ["text/plain", .. Objects];

    public static readonly string[] Patches =
        ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];

    /// <summary>A custom resource has no Go type, from which a strategic merge would take its directives.</summary>
    public static readonly string[] CustomPatches = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
}
