using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Authentication;

namespace Coxswain.ApiServer.Authorization;

/// <summary>Asks its members in order; the first opinion counts. system:masters may do everything, before anyone is asked.</summary>
internal sealed class AuthorizerChain(IReadOnlyList<IAuthorizer> members) : IAuthorizer
{
    public async ValueTask<AuthorizationResult> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation)
    {
        if (attributes.User.IsIn(Users.MastersGroup))
            return new(AuthorizationDecision.Allow);

        string reasons = "", errors = "";
        foreach (var member in members)
        {
            var result = await member.AuthorizeAsync(attributes, cancellation);
            if (result.Decision != AuthorizationDecision.NoOpinion)
                return result;
            reasons = Join(reasons, result.Reason, "\n");
            errors = Join(errors, result.Error, ", ");
        }

        return new(AuthorizationDecision.NoOpinion, reasons, errors);
    }

    public async ValueTask<UserRules> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation)
    {
        var resources = new List<Api.Authorization.V1.ResourceRule>();
        var nonResources = new List<Api.Authorization.V1.NonResourceRule>();
        var incomplete = false;
        var error = "";
        if (user.IsIn(Users.MastersGroup))
        {
            resources.Add(new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] });
            nonResources.Add(new() { Verbs = ["*"], NonResourceURLs = ["*"] });
        }

        foreach (var member in members)
        {
            var rules = await member.RulesAsync(user, @namespace, cancellation);
            resources.AddRange(rules.Resources);
            nonResources.AddRange(rules.NonResources);
            incomplete |= rules.Incomplete;
            error = Join(error, rules.Error, ", ");
        }

        return new(resources, nonResources, incomplete, error);
    }

    private static string Join(string first, string second, string separator) =>
        first.Length == 0 ? second : second.Length == 0 ? first : first + separator + second;
}

internal sealed class AlwaysAllowAuthorizer : IAuthorizer
{
    public ValueTask<AuthorizationResult> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation) =>
        new(new AuthorizationResult(AuthorizationDecision.Allow));

    public ValueTask<UserRules> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation) => new(new UserRules(
        [new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }], [new() { Verbs = ["*"], NonResourceURLs = ["*"] }], Incomplete: false));
}

internal sealed class AlwaysDenyAuthorizer : IAuthorizer
{
    public ValueTask<AuthorizationResult> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation) =>
        new(new AuthorizationResult(AuthorizationDecision.NoOpinion, "Everything is forbidden."));

    public ValueTask<UserRules> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation) => new(new UserRules([], [], Incomplete: false));
}
