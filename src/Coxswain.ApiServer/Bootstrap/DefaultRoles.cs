using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Rbac.V1;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>The roles and bindings that every cluster has: upstream's of 1.20 as facts, and what came since.</summary>
internal static class DefaultRoles
{
    public const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
    private static readonly ApiMap<string> Annotations = ApiMap.Of(AutoUpdate, "true");
    private static readonly ApiMap<string> Labels = ApiMap.Of("kubernetes.io/bootstrapping", "rbac-defaults");
    private static readonly Lazy<Loaded> All = new(Load);

    private sealed record Loaded(
        IReadOnlyList<ClusterRole> ClusterRoles,
        IReadOnlyList<ClusterRoleBinding> ClusterRoleBindings,
        IReadOnlyList<Role> Roles,
        IReadOnlyList<RoleBinding> RoleBindings);

    public static IReadOnlyList<ClusterRole> ClusterRoles => All.Value.ClusterRoles;

    public static IReadOnlyList<ClusterRoleBinding> ClusterRoleBindings => All.Value.ClusterRoleBindings;

    public static IReadOnlyList<Role> Roles => All.Value.Roles;

    public static IReadOnlyList<RoleBinding> RoleBindings => All.Value.RoleBindings;

    /// <summary>What any node may do, before the node authorizer looks at which objects concern it.</summary>
    public static IReadOnlyList<PolicyRule> NodeRules => [.. ClusterRoles.First(r => r.Metadata.Name == "system:node").Rules];

    private static Loaded Load()
    {
        using var facts = EmbeddedData.Open("rbac.json");
        using var since = EmbeddedData.Open("rbac-since-1.20.json");
        var removed = since.RootElement.GetProperty("removedRoles").EnumerateArray().Select(e => e.GetString()!).ToHashSet(StringComparer.Ordinal);
        var added = since.RootElement.GetProperty("addedRules");

        var clusterRoles = EmbeddedData.Objects<ClusterRole>(facts.RootElement.GetProperty("clusterroles"))
            .Concat(EmbeddedData.Objects<ClusterRole>(since.RootElement.GetProperty("clusterroles")))
            .Where(r => !removed.Contains(r.Metadata.Name))
            .Select(r => WithAdded(r, added));
        var clusterBindings = EmbeddedData.Objects<ClusterRoleBinding>(facts.RootElement.GetProperty("clusterrolebindings"))
            .Concat(EmbeddedData.Objects<ClusterRoleBinding>(since.RootElement.GetProperty("clusterrolebindings")));
        return new(
            [.. clusterRoles.Select(Marked)],
            [.. clusterBindings.Select(Marked)],
            [.. EmbeddedData.Objects<Role>(facts.RootElement.GetProperty("roles")).Select(Marked)],
            [.. EmbeddedData.Objects<RoleBinding>(facts.RootElement.GetProperty("rolebindings")).Select(Marked)]);
    }

    private static ClusterRole WithAdded(ClusterRole role, JsonElement added)
    {
        if (!added.TryGetProperty(role.Metadata.Name, out var rules))
            return role;
        var codec = CodecTable.Find(ClusterRole.ResourceKind)!;
        var more = (ClusterRole)codec.ReadJson(System.Text.Encoding.UTF8.GetBytes($"{{\"rules\":{rules.GetRawText()}}}"), null);
        return role with { Rules = role.Rules.AddRange(more.Rules) };
    }

    private static T Marked<T>(T value)
        where T : class, IResource<T>
    {
        var labels = value.Metadata.Labels;
        foreach (var (key, text) in Labels)
            labels = labels.With(key, text);
        return (T)value.WithMetadata(value.Metadata with { Labels = labels, Annotations = Annotations });
    }
}
