using System.Net;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Simulation;

/// <summary>What the kubelets of simulated nodes do to pods: a bound pod runs after a while, one that is to end is gone.</summary>
internal sealed class SimulatedPods : IReconciler
{
    private readonly SimulationOptions _options;
    private readonly IApiClient _api;
    private readonly TimeProvider _clock;
    private readonly Lister<Pod> _pods;
    private readonly Dictionary<string, int> _nodes = new(StringComparer.Ordinal);
    private int _addresses;

    public SimulatedPods(SimulationOptions options, IApiClient api, Informer<Pod> pods, WorkQueue queue, TimeProvider clock)
    {
        (_options, _api, _clock, _pods) = (options, api, clock, pods.Lister);
        for (var i = 0; i < options.Nodes; i++)
            _nodes[SimulationOptions.NameOf(i)] = i;
        pods.AddHandler(new() { Added = Look, Updated = (_, pod) => Look(pod) });

        void Look(Pod pod)
        {
            if (!_nodes.ContainsKey(pod.Spec.NodeName))
                return;
            KeepAddress(pod.Status.PodIP);
            if (pod.Metadata.DeletionTimestamp is not null)
                queue.Add(pod.FullName());
            else if (pod.Status.Phase is "Pending" or "")
                queue.AddAfter(pod.FullName(), options.PodStartDelay);
        }
    }

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (_pods.Find(name) is not { } pod || !_nodes.TryGetValue(pod.Spec.NodeName, out var node))
            return ReconcileResult.Done;
        try
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                var now = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new() { Uid = pod.Metadata.Uid } };
                await _api.DeleteAsync<Pod>(name, now, cancellation).ConfigureAwait(false);
            }
            else if (pod.Status.Phase is "Pending" or "")
            {
                var host = SimulatedObjects.HostAddress(node);
                var address = pod.Spec.HostNetwork ? host
                    : pod.Status.PodIP.Length > 0 ? pod.Status.PodIP
                    : SimulatedObjects.PodAddress(Interlocked.Increment(ref _addresses));
                await _api.UpdateStatusAsync(pod with { Status = SimulatedObjects.Running(pod, address, host, _clock.GetUtcNow()) }, cancellation).ConfigureAwait(false);
            }
        }
        catch (ApiException e) when (e.Code == 404 || (e.Code == 409 && pod.Metadata.DeletionTimestamp is not null))
        {
            // Gone already, or another pod has the name now.
        }

        return ReconcileResult.Done;
    }

    /// <summary>Addresses of pods from before this process started are not given out again.</summary>
    private void KeepAddress(string address)
    {
        if (address.Length == 0 || !IPAddress.TryParse(address, out var parsed))
            return;
        var bytes = parsed.GetAddressBytes();
        if (bytes is not [10, >= 128, _, _])
            return;
        var n = ((bytes[1] - 128) << 16 | bytes[2] << 8 | bytes[3]) - 1;
        int seen;
        while (n > (seen = Volatile.Read(ref _addresses)) && Interlocked.CompareExchange(ref _addresses, n, seen) != seen)
        {
            // Another thread raised it; look again.
        }
    }
}
