using System.Globalization;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>How fast pods may be driven from nodes that are not ready: slowly, more slowly where much of a zone is down, and not at all
/// when everything is, since then it is rather us who cannot see. Upstream's rates.</summary>
internal sealed class EvictionPace(TimeProvider clock)
{
    private const double PerSecond = 0.1;
    private const double PerSecondInLargeBrokenZone = 0.01;
    private const double BrokenShare = 0.55;
    private const int LargeZone = 50;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (double Left, long At)> _budgets = new(StringComparer.Ordinal);

    /// <param name="isUp">Whether a node is ready and not suspiciously silent.</param>
    /// <param name="already">The node has been told; that stays while eviction as such is allowed.</param>
    public bool MayEvict(Node node, IReadOnlyList<Node> all, Func<Node, bool> isUp, bool already)
    {
        if (!all.Any(n => n.Metadata.Uid != node.Metadata.Uid && isUp(n)))
            return false;
        if (already)
            return true;
        var zone = ZoneOf(node);
        var (size, down) = (0, 0);
        foreach (var other in all)
        {
            if (ZoneOf(other) != zone)
                continue;
            size++;
            if (other.Metadata.Uid == node.Metadata.Uid || !isUp(other))
                down++;
        }
        // A zone that is down as a whole, or hardly at all, goes at the normal pace; the rest of the cluster can take its pods.
        var partly = down < size && down > 2 && (double)down / size >= BrokenShare;
        return Spend(zone, !partly ? PerSecond : size > LargeZone ? PerSecondInLargeBrokenZone : 0);
    }

    private bool Spend(string zone, double rate)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            var (left, at) = _budgets.TryGetValue(zone, out var budget) ? budget : (1, now);
            left = Math.Min(1, left + clock.GetElapsedTime(at, now).TotalSeconds * rate);
            var may = rate > 0 && left >= 1;
            _budgets[zone] = (may ? left - 1 : left, now);
            return may;
        }
    }

    private static string ZoneOf(Node node) => string.Create(CultureInfo.InvariantCulture,
        $"{node.Metadata.Labels.GetValueOrDefault("topology.kubernetes.io/region")}:{node.Metadata.Labels.GetValueOrDefault("topology.kubernetes.io/zone")}");
}
