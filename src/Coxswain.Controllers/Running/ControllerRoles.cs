using Coxswain.Api;
using Coxswain.Api.Rbac.V1;

namespace Coxswain.Controllers;

/// <summary>The roles and bindings that let the controllers do what the table says they do.</summary>
public static class ControllerRoles
{
    private static readonly ApiMap<string> Labels = ApiMap.Of("kubernetes.io/bootstrapping", "rbac-defaults");
    private static readonly ApiMap<string> Annotations = ApiMap.Of("rbac.authorization.kubernetes.io/autoupdate", "true");

    /// <summary>One role for each identity; of controllers that share an identity, the rules of all.</summary>
    public static IReadOnlyList<ClusterRole> Roles { get; } =
    [
        .. ControllerTable.All.GroupBy(e => e.Identity).Select(entries => new ClusterRole
        {
            Metadata = new() { Name = "system:controller:" + entries.Key, Labels = Labels, Annotations = Annotations },
            Rules = entries.SelectMany(e => e.Rules).Distinct().ToApiList(),
        }),
    ];

    public static IReadOnlyList<ClusterRoleBinding> Bindings { get; } =
    [
        .. Roles.Select(role => new ClusterRoleBinding
        {
            Metadata = new() { Name = role.Metadata.Name, Labels = Labels, Annotations = Annotations },
            RoleRef = new() { ApiGroup = "rbac.authorization.k8s.io", Kind = "ClusterRole", Name = role.Metadata.Name },
            Subjects = [new() { Kind = "ServiceAccount", Namespace = "kube-system", Name = role.Metadata.Name["system:controller:".Length..] }],
        }),
    ];
}
