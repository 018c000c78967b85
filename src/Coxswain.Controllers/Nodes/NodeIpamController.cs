using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Gives each node a range of addresses for its pods.</summary>
/// <remarks>It has one worker, and remembers what it gave until the lister shows it: no range is given twice.</remarks>
internal sealed class NodeIpamController(IApiClient api, Lister<Node> nodes, EventRecorder events, CidrPool? pool) : IReconciler
{
    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);

    public static IReconciler Make(ControllerContext c) => new NodeIpamController(c.Api, c.Lister<Node>(), c.Events("cidrAllocator"),
        c.Options.ClusterCidr.Length == 0 ? null : new(c.Options.ClusterCidr, c.Options.NodeCidrMaskSize));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (nodes.Find(name) is not { } node)
        {
            _given.Remove(name.Name);
            return ReconcileResult.Done;
        }
        if (pool is null || node.Spec.PodCIDR.Length > 0)
            return ReconcileResult.Done;
        var taken = nodes.All().Select(n => n.Spec.PodCIDR).Concat(_given.Where(g => g.Key != name.Name && nodes.Find(new("", g.Key)) is not null).Select(g => g.Value)).ToHashSet(StringComparer.Ordinal);
        if (pool.FirstFree(taken) is not { } range)
        {
            events.Normal(node, "CIDRNotAvailable", $"Node {name.Name} status is now: CIDRNotAvailable");
            return ReconcileResult.After(TimeSpan.FromMinutes(1));
        }
        _given[name.Name] = range;
        await api.UpdateAsync(node with { Spec = node.Spec with { PodCIDR = range, PodCIDRs = [range] } }, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }
}
