using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Http;

namespace Coxswain.ApiServer.Authorization;

public enum AuthorizationDecision
{
    /// <summary>Ask the next one; if there is none, the request is refused.</summary>
    NoOpinion,
    Allow,
    Deny,
}

/// <param name="Reason">Why, for the message of a refusal and for reviews. May be empty.</param>
/// <param name="Error">What went wrong while deciding (a role that a binding names is missing). May be empty.</param>
public readonly record struct AuthorizationResult(AuthorizationDecision Decision, string Reason = "", string Error = "");

/// <summary>What somebody wants to do: the part of a request that authorization looks at.</summary>
public sealed record AuthorizationAttributes
{
    public required UserInfo User { get; init; }
    public required string Verb { get; init; }
    public bool IsResourceRequest { get; init; }
    public string Namespace { get; init; } = "";
    public string ApiGroup { get; init; } = "";
    public string ApiVersion { get; init; } = "";
    public string Resource { get; init; } = "";
    public string Subresource { get; init; } = "";
    public string Name { get; init; } = "";
    public string Path { get; init; } = "";

    public static AuthorizationAttributes Of(UserInfo user, RequestInfo info) => new()
    {
        User = user,
        Verb = info.Verb,
        IsResourceRequest = info.IsResourceRequest,
        Namespace = info.Namespace,
        ApiGroup = info.ApiGroup,
        ApiVersion = info.ApiVersion,
        Resource = info.Resource,
        Subresource = info.Subresource,
        Name = info.Name,
        Path = info.Path,
    };

    /// <summary>How rules and messages name the resource: <c>pods</c>, <c>pods/exec</c>.</summary>
    public string FullResource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";
}

/// <summary>Decides whether a user may do something. Safe for concurrent use.</summary>
public interface IAuthorizer
{
    ValueTask<AuthorizationResult> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation);

    /// <summary>All that the user may do in a namespace, as far as this authorizer can tell.</summary>
    ValueTask<UserRules> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation) => new(UserRules.Unknown);
}

/// <summary>Rules that hold for a user in a namespace.</summary>
/// <param name="Incomplete">There may be more.</param>
public sealed record UserRules(
    IReadOnlyList<Api.Authorization.V1.ResourceRule> Resources,
    IReadOnlyList<Api.Authorization.V1.NonResourceRule> NonResources,
    bool Incomplete,
    string Error = "")
{
    public static UserRules Unknown { get; } = new([], [], true);
}
