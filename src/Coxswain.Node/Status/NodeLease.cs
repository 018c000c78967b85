using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Client;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Status;

/// <summary>The node's sign of life: a Lease in kube-node-lease, renewed four times as often as it would expire. One loop uses it.</summary>
internal sealed class NodeLease(NodeAgentOptions options, IApiClient api, TimeProvider clock)
{
    private const string LeaseNamespace = "kube-node-lease";
    private const int MaxConflicts = 5;

    private Lease? _last;

    public TimeSpan RenewInterval => options.NodeLeaseDuration / 4;

    public async Task RenewAsync(CancellationToken cancellation)
    {
        var name = new NamespacedName(LeaseNamespace, options.NodeName);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var lease = _last ?? await api.FindAsync<Lease>(name, cancellation);
                _last = lease is null
                    ? await api.CreateAsync(await NewLeaseAsync(cancellation), cancellation)
                    : await api.UpdateAsync(lease with { Spec = Renewed(lease.Spec) }, cancellation);
                return;
            }
            catch (ApiException lost) when (lost.Code is 409 or 404 && attempt < MaxConflicts)
            {
                // Somebody else wrote or removed it: read it again.
                _last = null;
            }
        }
    }

    private LeaseSpec Renewed(LeaseSpec spec) => spec with
    {
        HolderIdentity = options.NodeName,
        LeaseDurationSeconds = (int)options.NodeLeaseDuration.TotalSeconds,
        RenewTime = clock.GetUtcNow(),
    };

    private async Task<Lease> NewLeaseAsync(CancellationToken cancellation)
    {
        var node = await api.FindAsync<NodeObject>(new("", options.NodeName), cancellation);
        return new()
        {
            Metadata = new()
            {
                Name = options.NodeName,
                Namespace = LeaseNamespace,
                // With its Node the lease goes.
                OwnerReferences = node is null
                    ? default
                    : [new() { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Uid }],
            },
            Spec = Renewed(LeaseSpec.Empty),
        };
    }
}
