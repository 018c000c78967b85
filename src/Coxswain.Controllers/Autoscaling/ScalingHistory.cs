using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;

namespace Coxswain.Controllers;

/// <summary>What was recommended and done lately for each autoscaler: it keeps sizes from swinging and changes from coming too fast. It is lost
/// with a restart, after which the present size counts as recommended.</summary>
/// <remarks>Safe for concurrent use over different autoscalers. What is older than the longest time anybody asks for is forgotten.</remarks>
internal sealed class ScalingHistory(TimeProvider clock)
{
    private static readonly TimeSpan LongestWindow = TimeSpan.FromHours(1);
    private readonly ConcurrentDictionary<NamespacedName, List<(int Replicas, DateTimeOffset At)>> _recommended = new();
    private readonly ConcurrentDictionary<NamespacedName, List<(int Change, DateTimeOffset At)>> _changes = new();

    /// <summary>The size that an autoscaler finds when it is seen first stands for the time before.</summary>
    public void Begin(NamespacedName name, int current) => _recommended.TryAdd(name, [(current, clock.GetUtcNow())]);

    public void Forget(NamespacedName name)
    {
        _recommended.TryRemove(name, out _);
        _changes.TryRemove(name, out _);
    }

    public void Scaled(NamespacedName name, int from, int to) => Add(_changes, name, to - from);

    /// <summary>Notes a recommendation and gives the lowest and the highest of those within two windows, it included.</summary>
    public (int Lowest, int Highest) Recommend(NamespacedName name, int replicas, TimeSpan upWindow, TimeSpan downWindow)
    {
        var now = clock.GetUtcNow();
        var (lowest, highest) = (replicas, replicas);
        foreach (var (recommended, at) in _recommended.GetValueOrDefault(name) ?? [])
        {
            if (at > now - upWindow)
                lowest = Math.Min(lowest, recommended);
            if (at > now - downWindow)
                highest = Math.Max(highest, recommended);
        }
        Add(_recommended, name, replicas);
        return (lowest, highest);
    }

    /// <summary>The size that the target had a policy's period ago, from the changes since.</summary>
    public int SizeBefore(NamespacedName name, int current, HPAScalingPolicy policy)
    {
        var since = clock.GetUtcNow() - TimeSpan.FromSeconds(policy.PeriodSeconds);
        return current - (_changes.GetValueOrDefault(name) ?? []).Where(c => c.At > since).Sum(c => c.Change);
    }

    private void Add(ConcurrentDictionary<NamespacedName, List<(int, DateTimeOffset At)>> to, NamespacedName name, int value)
    {
        var now = clock.GetUtcNow();
        var list = to.GetOrAdd(name, _ => []);
        // A clock that was set back must not keep entries of the future for ever.
        list.RemoveAll(e => e.At < now - LongestWindow || e.At > now);
        list.Add((value, now));
    }
}
