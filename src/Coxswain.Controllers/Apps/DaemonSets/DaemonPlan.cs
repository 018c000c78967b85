using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>What a DaemonSet has to do, and its status, from its nodes and pods. Pure.</summary>
internal sealed class DaemonPlan
{
    private readonly DaemonSet _set;
    private readonly string _hash;
    private readonly DateTimeOffset _now;
    private readonly Dictionary<string, List<Pod>> _byNode;
    private readonly List<string> _wanted = [];

    public DaemonPlan(DaemonSet set, string hash, IReadOnlyList<Node> nodes, IReadOnlyList<Pod> pods, DateTimeOffset now)
    {
        (_set, _hash, _now) = (set, hash, now);
        _byNode = pods.GroupBy(DaemonPods.NodeOf).ToDictionary(g => g.Key, g => g.ToList());
        var misscheduled = 0;
        foreach (var node in nodes)
        {
            var (run, stay) = DaemonPods.Judge(set, node);
            var there = _byNode.GetValueOrDefault(node.Metadata.Name) ?? [];
            if (run)
                _wanted.Add(node.Metadata.Name);
            else if (there.Any(PodFacts.IsActive))
                misscheduled++;
            Place(node.Metadata.Name, there, run, stay);
        }
        // Pods meant for nodes that are gone wait for nothing.
        var known = nodes.Select(n => n.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        Delete.AddRange(_byNode.Where(n => !known.Contains(n.Key)).SelectMany(n => n.Value).Where(p => p.Metadata.DeletionTimestamp is null));
        if (set.Spec.UpdateStrategy.Type is DaemonSetUpdateStrategyType.RollingUpdate or "")
            Roll();
        Status = Count(misscheduled);
    }

    public List<string> Create { get; } = [];
    public List<Pod> Delete { get; } = [];
    public List<Pod> FailedPods { get; } = [];
    public DaemonSetStatus Status { get; }

    /// <summary>When minReadySeconds makes the next pod available.</summary>
    public TimeSpan? NextAvailable { get; private set; }

    private void Place(string node, List<Pod> there, bool run, bool stay)
    {
        if (!stay)
        {
            Delete.AddRange(there.Where(p => p.Metadata.DeletionTimestamp is null));
            return;
        }
        var running = new List<Pod>();
        foreach (var pod in there.Where(p => p.Metadata.DeletionTimestamp is null))
        {
            if (!PodFacts.IsFinished(pod))
            {
                running.Add(pod);
                continue;
            }
            if (pod.Status.Phase == PodPhase.Failed)
                FailedPods.Add(pod);
            Delete.Add(pod);
        }
        // One that ends has to be gone before the next comes: they may share ports and folders of the host.
        if (run && there.Count == 0)
            Create.Add(node);
        if (running.Count > 1 && MaxSurge == 0)
            Delete.AddRange(running.OrderByDescending(PodFacts.IsReady).ThenBy(p => p.Metadata.CreationTimestamp).Skip(1));
    }

    /// <summary>Replaces pods of older templates: those that do not serve at once, of the others as many as may be missing; or, with surge, starts
    /// the new beside the old.</summary>
    private void Roll()
    {
        var unavailable = 0;
        var candidates = new List<Pod>();
        foreach (var node in _wanted)
        {
            var there = (_byNode.GetValueOrDefault(node) ?? []).Where(p => PodFacts.IsActive(p) && !Delete.Contains(p)).ToList();
            var present = there.FirstOrDefault(p => DaemonSetController.HashOf(p) == _hash);
            var old = there.FirstOrDefault(p => DaemonSetController.HashOf(p) != _hash);
            if (MaxSurge > 0)
            {
                if (old is null)
                    continue;
                if (present is not null && IsAvailable(present) || !IsAvailable(old))
                    Delete.Add(old);
                else if (present is null && Surging() < MaxSurge)
                    Create.Add(node);
                continue;
            }
            if (old is null)
            {
                if (present is null || !IsAvailable(present))
                    unavailable++;
            }
            else if (IsAvailable(old))
            {
                candidates.Add(old);
            }
            else
            {
                unavailable++;
                Delete.Add(old);
            }
        }
        Delete.AddRange(candidates.Take(Math.Max(0, MaxUnavailable - unavailable)));
    }

    private int Surging() => Create.Count(n => _byNode.ContainsKey(n)) + _byNode.Values.Count(there => there.Count(PodFacts.IsActive) > 1);

    private int MaxSurge => _set.Spec.UpdateStrategy.RollingUpdate?.MaxSurge is { } surge
        ? RolloutMath.Resolve(surge, "0", _wanted.Count == 0 ? _byNode.Count : _wanted.Count, roundUp: true)
        : 0;

    private int MaxUnavailable => Math.Max(MaxSurge > 0 ? 0 : 1,
        RolloutMath.Resolve(_set.Spec.UpdateStrategy.RollingUpdate?.MaxUnavailable, "1", _wanted.Count, roundUp: true));

    private bool IsAvailable(Pod pod) => PodFacts.IsAvailable(pod, _set.Spec.MinReadySeconds, _now);

    private DaemonSetStatus Count(int misscheduled)
    {
        var (scheduled, ready, available, updated) = (0, 0, 0, 0);
        foreach (var node in _wanted)
        {
            var there = (_byNode.GetValueOrDefault(node) ?? []).Where(PodFacts.IsActive).OrderBy(p => p.Metadata.CreationTimestamp).ToList();
            if (there.Count == 0)
                continue;
            scheduled++;
            if (there.Any(PodFacts.IsReady))
                ready++;
            if (there.Any(IsAvailable))
                available++;
            if (there.Any(p => DaemonSetController.HashOf(p) == _hash))
                updated++;
            foreach (var pod in there)
            {
                if (PodFacts.AvailableIn(pod, _set.Spec.MinReadySeconds, _now) is { } wait && wait > TimeSpan.Zero && (NextAvailable is null || wait < NextAvailable))
                    NextAvailable = wait;
            }
        }
        return _set.Status with
        {
            ObservedGeneration = _set.Metadata.Generation,
            DesiredNumberScheduled = _wanted.Count,
            CurrentNumberScheduled = scheduled,
            NumberMisscheduled = misscheduled,
            NumberReady = ready,
            UpdatedNumberScheduled = updated,
            NumberAvailable = available,
            NumberUnavailable = _wanted.Count - available,
        };
    }
}
