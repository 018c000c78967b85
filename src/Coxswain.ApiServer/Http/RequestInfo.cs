namespace Coxswain.ApiServer.Http;

/// <summary>What a request is about, read from its method, path and query alone, before anyone knows which resources exist.
/// Authorization decides on this.</summary>
public sealed record RequestInfo
{
    public bool IsResourceRequest { get; init; }

    /// <summary>Decoded.</summary>
    public required string Path { get; init; }

    /// <summary>get, list, watch, create, update, patch, delete, deletecollection, proxy; of other paths the method in lower case.</summary>
    public string Verb { get; init; } = "";

    public string ApiGroup { get; init; } = "";

    public string ApiVersion { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>What follows the subresource: the path that a proxied request is for. Begins with a slash, or is empty.</summary>
    public string Rest { get; init; } = "";

    /// <summary>Path segments from the resource on.</summary>
    public int PartCount { get; init; }

    /// <summary>The name stands in the path (and is not only implied by a field selector).</summary>
    public bool NameInPath { get; init; }

    /// <summary>The path has a verb in it that the method is not made for.</summary>
    public bool MethodMismatch { get; init; }

    /// <summary>Came through the old /watch/ prefix of paths.</summary>
    public bool WatchPrefix { get; init; }

    public bool IsMutating => Verb is not ("get" or "list" or "watch") && (IsResourceRequest || Verb is not ("head" or "options"));

    /// <summary>Verbs and subresources that own their stream for as long as they like.</summary>
    public bool IsLongRunning => (Verb is "watch" or "proxy" && !MethodMismatch) ||
        (IsResourceRequest && Subresource is "attach" or "exec" or "proxy" or "log" or "portforward") ||
        (!IsResourceRequest && (Path.StartsWith("/debug/pprof/", StringComparison.Ordinal) || Path.StartsWith(AdminPath.Root, StringComparison.Ordinal)));
}
