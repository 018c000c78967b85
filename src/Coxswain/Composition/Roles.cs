using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.Client;

namespace Coxswain.Composition;

/// <summary>Puts the roles in place that modules of this process need beyond upstream's default ones.</summary>
internal static class Roles
{
    private static readonly ObjectMeta DnsMetadata = new()
    {
        Name = "system:coxswain:dns",
        Labels = ApiMap.Of("kubernetes.io/bootstrapping", "rbac-defaults"),
        Annotations = ApiMap.Of("rbac.authorization.kubernetes.io/autoupdate", "true"),
    };

    /// <summary>The identity of the DNS server.</summary>
    public const string DnsUser = "system:coxswain:dns";

    public static ClusterRole Dns { get; } = new()
    {
        Metadata = DnsMetadata,
        Rules =
        [
            new() { ApiGroups = [""], Resources = ["services", "namespaces"], Verbs = ["list", "watch"] },
            new() { ApiGroups = ["discovery.k8s.io"], Resources = ["endpointslices"], Verbs = ["list", "watch"] },
            new() { ApiGroups = [""], Resources = ["services"], Verbs = ["create"] },
            new() { ApiGroups = [""], Resources = ["services"], ResourceNames = ["kube-dns"], Verbs = ["get", "update", "delete"] },
            new() { ApiGroups = ["discovery.k8s.io"], Resources = ["endpointslices"], Verbs = ["create"] },
            new() { ApiGroups = ["discovery.k8s.io"], Resources = ["endpointslices"], ResourceNames = ["kube-dns"], Verbs = ["get", "update"] },
            new() { ApiGroups = [""], Resources = ["endpoints/restricted"], Verbs = ["create"] },
            new() { ApiGroups = ["discovery.k8s.io"], Resources = ["endpointslices/restricted"], Verbs = ["create"] },
        ],
    };

    public static ClusterRoleBinding DnsBinding { get; } = new()
    {
        Metadata = DnsMetadata,
        RoleRef = new() { ApiGroup = "rbac.authorization.k8s.io", Kind = "ClusterRole", Name = DnsMetadata.Name },
        Subjects = [new() { ApiGroup = "rbac.authorization.k8s.io", Kind = "User", Name = DnsUser }],
    };

    /// <summary>The identity of simulated nodes.</summary>
    public const string SimulationUser = "system:coxswain:simulation";

    private static readonly ObjectMeta SimulationMetadata = DnsMetadata with { Name = SimulationUser };

    public static ClusterRole Simulation { get; } = new()
    {
        Metadata = SimulationMetadata,
        Rules =
        [
            new() { ApiGroups = [""], Resources = ["nodes"], Verbs = ["create", "get", "list", "delete"] },
            new() { ApiGroups = [""], Resources = ["nodes/status", "pods/status"], Verbs = ["update"] },
            new() { ApiGroups = [""], Resources = ["pods"], Verbs = ["list", "watch", "delete"] },
            new() { ApiGroups = ["coordination.k8s.io"], Resources = ["leases"], Verbs = ["create", "get", "update"] },
        ],
    };

    public static ClusterRoleBinding SimulationBinding { get; } = new()
    {
        Metadata = SimulationMetadata,
        RoleRef = new() { ApiGroup = "rbac.authorization.k8s.io", Kind = "ClusterRole", Name = SimulationMetadata.Name },
        Subjects = [new() { ApiGroup = "rbac.authorization.k8s.io", Kind = "User", Name = SimulationUser }],
    };

    /// <summary>Creates what is missing and mends rules that differ, unless an administrator has switched that off by annotation.</summary>
    public static async Task EnsureAsync(
        IApiClient api, IEnumerable<ClusterRole> roles, IEnumerable<ClusterRoleBinding> bindings, CancellationToken cancellation)
    {
        var presentRoles = (await api.ListAsync<ClusterRole>(ListQuery.All, cancellation).ConfigureAwait(false)).Items.ToDictionary(r => r.Metadata.Name);
        foreach (var role in roles)
        {
            if (!presentRoles.TryGetValue(role.Metadata.Name, out var present))
                await api.CreateAsync(role, cancellation).ConfigureAwait(false);
            else if (present.Rules != role.Rules && IsOurs(present.Metadata))
                await api.UpdateAsync(present with { Rules = role.Rules }, cancellation).ConfigureAwait(false);
        }

        var presentBindings = (await api.ListAsync<ClusterRoleBinding>(ListQuery.All, cancellation).ConfigureAwait(false)).Items.ToDictionary(r => r.Metadata.Name);
        foreach (var binding in bindings)
        {
            if (!presentBindings.TryGetValue(binding.Metadata.Name, out var present))
                await api.CreateAsync(binding, cancellation).ConfigureAwait(false);
            else if (present.Subjects != binding.Subjects && IsOurs(present.Metadata))
                await api.UpdateAsync(present with { Subjects = binding.Subjects }, cancellation).ConfigureAwait(false);
        }
    }

    private static bool IsOurs(ObjectMeta metadata) =>
        metadata.Annotations.GetValueOrDefault("rbac.authorization.kubernetes.io/autoupdate") != "false";
}
