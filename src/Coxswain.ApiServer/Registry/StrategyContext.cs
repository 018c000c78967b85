using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Authentication;

namespace Coxswain.ApiServer.Registry;

/// <summary>What the rules of a kind may know about the request that they judge. Immutable; one per request.</summary>
public sealed record StrategyContext
{
    /// <summary>The resource that the request names (of the group and version that it names).</summary>
    public required ResourceDescriptor Descriptor { get; init; }

    /// <summary>The namespace of the request; empty for cluster-wide resources.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>"status", "resize", ... or empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Who asks. Certificate signing requests record it.</summary>
    public UserInfo User { get; init; } = Users.Anonymous;

    /// <summary>Nothing may be allocated for good.</summary>
    public bool DryRun { get; init; }

    /// <summary>The one time stamp that everything written by this request carries.</summary>
    public required DateTimeOffset Now { get; init; }
}
