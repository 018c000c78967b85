using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Authorization;

/// <summary>Role-based access control over the watch caches' own objects.</summary>
/// <remarks>The index is made anew when one of the four caches has changed since, which is seldom compared with how often it is asked.</remarks>
internal sealed class RbacAuthorizer(RegistryTable registries) : IAuthorizer
{
    private readonly WatchCache _clusterRoles = registries.For<ClusterRole>().Cache;
    private readonly WatchCache _roles = registries.For<Role>().Cache;
    private readonly WatchCache _clusterBindings = registries.For<ClusterRoleBinding>().Cache;
    private readonly WatchCache _bindings = registries.For<RoleBinding>().Cache;
    private Built? _built;

    private sealed record Built(RbacIndex Index, (long, long, long, long) Changes);

    public async ValueTask<AuthorizationResult> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation)
    {
        var errors = "";
        foreach (var grant in (await IndexAsync(cancellation)).GrantsOf(attributes.User, attributes.Namespace))
        {
            if (grant.Error.Length > 0)
                errors = errors.Length == 0 ? grant.Error : errors + ", " + grant.Error;
            foreach (var rule in grant.Rules)
                if (RuleMatcher.Allows(rule, attributes))
                    return new(AuthorizationDecision.Allow, grant.Reason);
        }

        return new(AuthorizationDecision.NoOpinion, errors.Length > 0 ? "RBAC: " + Several(errors) : "");
    }

    public async ValueTask<UserRules> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation)
    {
        var resources = new List<Api.Authorization.V1.ResourceRule>();
        var nonResources = new List<Api.Authorization.V1.NonResourceRule>();
        var errors = new List<string>();
        foreach (var grant in (await IndexAsync(cancellation)).GrantsOf(user, @namespace))
        {
            if (grant.Error.Length > 0)
                errors.Add(grant.Error);
            foreach (var rule in grant.Rules)
            {
                if (rule.Resources.Count > 0)
                    resources.Add(new() { Verbs = rule.Verbs, ApiGroups = rule.ApiGroups, Resources = rule.Resources, ResourceNames = rule.ResourceNames });
                if (rule.NonResourceURLs.Count > 0)
                    nonResources.Add(new() { Verbs = rule.Verbs, NonResourceURLs = rule.NonResourceURLs });
            }
        }

        return new(resources, nonResources, Incomplete: false, string.Join(", ", errors));
    }

    /// <summary>All rules that hold for a user, and what could not be found.</summary>
    public async ValueTask<(IReadOnlyList<PolicyRule> Rules, IReadOnlyList<string> Errors)> PolicyRulesAsync(
        UserInfo user, string @namespace, CancellationToken cancellation)
    {
        var rules = new List<PolicyRule>();
        var errors = new List<string>();
        foreach (var grant in (await IndexAsync(cancellation)).GrantsOf(user, @namespace))
        {
            rules.AddRange(grant.Rules);
            if (grant.Error.Length > 0)
                errors.Add(grant.Error);
        }

        return (rules, errors);
    }

    private static string Several(string errors) => errors.Contains(", ", StringComparison.Ordinal) ? $"[{errors}]" : errors;

    private async ValueTask<RbacIndex> IndexAsync(CancellationToken cancellation)
    {
        if (_built is null)
        {
            await Task.WhenAll(
                _clusterRoles.ReadyAsync(cancellation).AsTask(), _roles.ReadyAsync(cancellation).AsTask(),
                _clusterBindings.ReadyAsync(cancellation).AsTask(), _bindings.ReadyAsync(cancellation).AsTask());
        }

        var changes = (_clusterRoles.Changes, _roles.Changes, _clusterBindings.Changes, _bindings.Changes);
        if (Volatile.Read(ref _built) is { } built && built.Changes == changes)
            return built.Index;
        // Two requests may build the same index; either result is right.
        var index = RbacIndex.Build(All(_clusterRoles), All(_roles), All(_clusterBindings), All(_bindings));
        Volatile.Write(ref _built, new(index, changes));
        return index;
    }

    private static IEnumerable<CachedObject> All(WatchCache cache)
    {
        cache.KeepDecoded();
        return cache.Snapshot().Range(cache.KeyPrefix);
    }
}
