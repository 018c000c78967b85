using Coxswain.Api;
using Coxswain.Api.Rbac.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Fills aggregated ClusterRoles (<c>admin</c>, <c>edit</c>, <c>view</c>, ...) with the rules of the roles that they select.</summary>
internal sealed class ClusterRoleAggregationController(IApiClient api, Lister<ClusterRole> roles) : IReconciler
{
    public static IReconciler Make(ControllerContext c) => new ClusterRoleAggregationController(c.Api, c.Lister<ClusterRole>());

    /// <summary>Any role may be a part of any aggregated one.</summary>
    public static IEnumerable<NamespacedName> Aggregated(ControllerContext c, ClusterRole changed) =>
        c.Lister<ClusterRole>().All().Where(r => r.AggregationRule is not null).Select(r => r.FullName());

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (roles.Find(name) is not { AggregationRule: { } aggregation } role)
            return ReconcileResult.Done;
        var rules = new List<PolicyRule>();
        var all = roles.All().Where(r => r.Metadata.Name != role.Metadata.Name).OrderBy(r => r.Metadata.Name, StringComparer.Ordinal).ToList();
        foreach (var selector in aggregation.ClusterRoleSelectors)
        {
            var wanted = Selector.From(selector);
            foreach (var rule in all.Where(r => wanted.Matches(r.Metadata.Labels)).SelectMany(r => r.Rules))
            {
                if (!rules.Contains(rule))
                    rules.Add(rule);
            }
        }
        if (role.Rules != rules.ToApiList())
            await api.UpdateAsync(role with { Rules = rules.ToApiList() }, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }
}
