using System.Collections.Concurrent;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>When, by our own clock, a node last gave a sign of life; clocks of nodes are not to be trusted.</summary>
internal sealed class NodeHealth(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Seen> _nodes = new(StringComparer.Ordinal);

    /// <summary>How long the node has been silent.</summary>
    public TimeSpan Silence(Node node, Lease? lease)
    {
        var heartbeat = NodeTaints.Condition(node.Status.Conditions, NodeConditionType.Ready)?.LastHeartbeatTime;
        var renewed = lease?.Spec.RenewTime;
        var seen = _nodes.AddOrUpdate(node.Metadata.Name,
            _ => new(node.Metadata.Uid, heartbeat, renewed, clock.GetTimestamp()),
            (_, before) => before.Uid == node.Metadata.Uid && before.Heartbeat == heartbeat && before.Renewed == renewed
                ? before
                : new(node.Metadata.Uid, heartbeat, renewed, clock.GetTimestamp()));
        return clock.GetElapsedTime(seen.At);
    }

    public void Forget(string node) => _nodes.TryRemove(node, out _);

    private sealed record Seen(string Uid, DateTimeOffset? Heartbeat, DateTimeOffset? Renewed, long At);
}
