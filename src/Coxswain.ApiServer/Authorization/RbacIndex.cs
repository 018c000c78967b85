using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Cache;

namespace Coxswain.ApiServer.Authorization;

/// <summary>All bindings by whom they bind, made once for each state of the four RBAC caches. Immutable.</summary>
internal sealed class RbacIndex
{
    private static readonly PolicyRule[] NoRules = [];

    private readonly Dictionary<string, List<Grant>> _clusterWide = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Subject), List<Grant>> _namespaced = [];

    /// <summary>A binding, seen from one of its subjects.</summary>
    /// <param name="Error">Why there are no rules: the role does not exist.</param>
    public sealed record Grant(IReadOnlyList<PolicyRule> Rules, string Reason, string Error);

    public static RbacIndex Build(
        IEnumerable<CachedObject> clusterRoles, IEnumerable<CachedObject> roles, IEnumerable<CachedObject> clusterBindings, IEnumerable<CachedObject> bindings)
    {
        var index = new RbacIndex();
        var clusterRulesByName = clusterRoles.ToDictionary(r => r.Name, r => Rules(((ClusterRole)r.Object).Rules), StringComparer.Ordinal);
        var rulesByName = roles.ToDictionary(r => (r.Namespace, r.Name), r => Rules(((Role)r.Object).Rules));

        foreach (var cached in clusterBindings)
        {
            var binding = (ClusterRoleBinding)cached.Object;
            var rules = clusterRulesByName.GetValueOrDefault(binding.RoleRef.Name);
            var error = rules is null ? $"clusterrole.rbac.authorization.k8s.io {GoText.Quote(binding.RoleRef.Name)} not found" : "";
            foreach (var subject in binding.Subjects)
                Add(index._clusterWide, Key(subject, ""), new(rules ?? NoRules,
                    $"RBAC: allowed by ClusterRoleBinding {GoText.Quote(cached.Name)} of {binding.RoleRef.Kind} {GoText.Quote(binding.RoleRef.Name)} to {Describe(subject)}", error));
        }

        foreach (var cached in bindings)
        {
            var binding = (RoleBinding)cached.Object;
            var isCluster = binding.RoleRef.Kind == "ClusterRole";
            var rules = isCluster ? clusterRulesByName.GetValueOrDefault(binding.RoleRef.Name)
                : rulesByName.GetValueOrDefault((cached.Namespace, binding.RoleRef.Name));
            var error = rules is null ? $"{(isCluster ? "clusterrole" : "role")}.rbac.authorization.k8s.io {GoText.Quote(binding.RoleRef.Name)} not found" : "";
            foreach (var subject in binding.Subjects)
                Add(index._namespaced, (cached.Namespace, Key(subject, cached.Namespace)), new(rules ?? NoRules,
                    $"RBAC: allowed by RoleBinding {GoText.Quote(cached.Name + "/" + cached.Namespace)} of {binding.RoleRef.Kind} {GoText.Quote(binding.RoleRef.Name)} to {Describe(subject)}",
                    error));
        }

        return index;
    }

    /// <summary>What binds a user: cluster-wide, then in the namespace.</summary>
    public IEnumerable<Grant> GrantsOf(UserInfo user, string @namespace)
    {
        foreach (var grant in Of(_clusterWide, "u:" + user.Username))
            yield return grant;
        foreach (var group in user.Groups)
            foreach (var grant in Of(_clusterWide, "g:" + group))
                yield return grant;
        if (@namespace.Length == 0)
            yield break;
        foreach (var grant in Of(_namespaced, (@namespace, "u:" + user.Username)))
            yield return grant;
        foreach (var group in user.Groups)
            foreach (var grant in Of(_namespaced, (@namespace, "g:" + group)))
                yield return grant;
    }

    private static PolicyRule[] Rules(ApiList<PolicyRule> rules) => [.. rules];

    private static List<Grant> Of<TKey>(Dictionary<TKey, List<Grant>> grants, TKey key)
        where TKey : notnull => grants.GetValueOrDefault(key) ?? Empty;

    private static readonly List<Grant> Empty = [];

    private static void Add<TKey>(Dictionary<TKey, List<Grant>> grants, TKey key, Grant grant)
        where TKey : notnull
    {
        if (!grants.TryGetValue(key, out var list))
            grants[key] = list = [];
        list.Add(grant);
    }

    private static string Key(Subject subject, string @namespace) => subject.Kind switch
    {
        "Group" => "g:" + subject.Name,
        "ServiceAccount" => $"u:{Users.ServiceAccountPrefix}{(subject.Namespace.Length > 0 ? subject.Namespace : @namespace)}:{subject.Name}",
        _ => "u:" + subject.Name,
    };

    private static string Describe(Subject subject) => subject.Kind == "ServiceAccount"
        ? $"ServiceAccount {GoText.Quote(subject.Name + "/" + subject.Namespace)}"
        : $"{subject.Kind} {GoText.Quote(subject.Name)}";
}
