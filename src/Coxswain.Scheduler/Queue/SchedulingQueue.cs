using Coxswain.Api;

namespace Coxswain.Scheduler.Queue;

/// <summary>How long a pod that failed waits before it is tried again.</summary>
public sealed record BackOffTimes(TimeSpan First, TimeSpan Longest)
{
    public static BackOffTimes Default { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
}

/// <summary>Pods that wait for a node: those to try now, those that wait out a back-off, those for which something must change first, and
/// those that something keeps out.</summary>
/// <remarks>
/// A pod is in one of them, or being tried. What happens while it is tried is not lost: a change of the cluster that could help then sends a
/// pod that failed to back-off instead of leaving it to wait for the next change. Taking a pod costs the same however many wait. Thread-safe.
/// </remarks>
public sealed class SchedulingQueue : IDisposable
{
    /// <summary>However little has changed: after this time a pod is tried again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary>So many changes during an attempt are remembered; more, and anything may have happened.</summary>
    private const int MaxRemembered = 256;

    private readonly TimeProvider _clock;
    private readonly BackOffTimes _times;
    private readonly Func<PodInfo, string?> _gateOf;
    private readonly Func<PodInfo, string, IReadOnlyList<Interest>> _interestsOf;
    private readonly Lock _gate = new();
    private readonly Dictionary<NamespacedName, QueuedPod> _pods = [];
    private readonly HashSet<QueuedPod> _waiting = [];
    private readonly PriorityQueue<(QueuedPod Pod, long Version), (int NegatedPriority, DateTimeOffset Since, long Order)> _active = new();
    private readonly PriorityQueue<(QueuedPod Pod, long Version), DateTimeOffset> _due = new();
    private readonly Queue<ClusterEvent> _recent = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly int[] _counts = new int[5];
    private long _order;
    private long _changes;
    private long _versions;

    /// <param name="gateOf">Why a pod may not be tried yet; null: it may.</param>
    /// <param name="interestsOf">What could help a pod that a plug-in held back.</param>
    public SchedulingQueue(TimeProvider clock, BackOffTimes times, Func<PodInfo, string?> gateOf, Func<PodInfo, string, IReadOnlyList<Interest>> interestsOf) =>
        (_clock, _times, _gateOf, _interestsOf) = (clock, times, gateOf, interestsOf);

    private enum Place
    {
        Active,
        BackOff,
        Waiting,
        Gated,
        BeingTried,
    }

    private sealed class QueuedPod(PodInfo pod)
    {
        public PodInfo Pod { get; set; } = pod;
        public int Attempts { get; set; }
        public Place Place { get; set; } = Place.BeingTried;

        /// <summary>When it came to the place where it is; among equals who came first is tried first.</summary>
        public DateTimeOffset Since { get; set; }
        public IReadOnlyList<Interest> Interests { get; set; } = [];
        public EventKind Kinds { get; set; } = EventKind.Any;
        public long SeenChanges { get; set; }

        /// <summary>Entries of the heaps are not removed but outdated: only the newest one counts.</summary>
        public long Version { get; set; }
    }

    /// <summary>How many pods wait in each place, as upstream's metric names them.</summary>
    public (int Active, int BackOff, int Unschedulable, int Gated) Counts
    {
        get
        {
            lock (_gate)
                return (_counts[(int)Place.Active], _counts[(int)Place.BackOff], _counts[(int)Place.Waiting], _counts[(int)Place.Gated]);
        }
    }

    /// <summary>Takes in a new pod or a new state of one. A change of its own may make it schedulable: it is tried again.</summary>
    public void Put(PodInfo pod)
    {
        lock (_gate)
        {
            var gated = _gateOf(pod) is not null;
            if (!_pods.TryGetValue(pod.Name, out var queued) || queued.Pod.Uid != pod.Uid)
            {
                if (queued is not null)
                    Drop(queued);
                queued = new(pod);
                _pods[pod.Name] = queued;
                _counts[(int)Place.BeingTried]++;
                Move(queued, gated ? Place.Gated : Place.Active);
                return;
            }

            var before = queued.Pod.Pod;
            queued.Pod = pod;
            if (gated && queued.Place != Place.BeingTried)
                Move(queued, Place.Gated);
            else if (queued.Place == Place.Gated)
                Move(queued, Place.Active);
            else if (queued.Place == Place.Waiting && MayMatter(before, pod.Pod))
                StartBackOff(queued, fresh: false);
        }
    }

    public void Remove(NamespacedName name)
    {
        lock (_gate)
        {
            if (_pods.Remove(name, out var queued))
                Drop(queued);
        }
    }

    /// <summary>Waits for the next pod to try.</summary>
    public async Task<PodInfo> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            TimeSpan wait;
            lock (_gate)
            {
                var now = _clock.GetUtcNow();
                ReleaseDue(now);
                while (_active.TryDequeue(out var next, out _))
                {
                    if (!IsCurrent(next.Pod, next.Version, Place.Active))
                        continue;
                    Move(next.Pod, Place.BeingTried);
                    next.Pod.Attempts++;
                    next.Pod.SeenChanges = _changes;
                    return next.Pod.Pod;
                }

                wait = _due.TryPeek(out _, out var due) ? due - now : LongestWait;
            }

            if (wait < TimeSpan.FromMilliseconds(1))
                wait = TimeSpan.FromMilliseconds(1);
            using var timer = new CancellationTokenSource(wait, _clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
            try
            {
                await _signal.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Some pod has waited long enough.
            }
        }
    }

    /// <summary>No node will do: the pod waits until something changes that could help.</summary>
    /// <param name="plugins">Who held it back; none: anything could help.</param>
    public void Unschedulable(PodInfo pod, IReadOnlyCollection<string> plugins)
    {
        lock (_gate)
        {
            if (!IsBeingTried(pod, out var queued))
                return;
            queued.Interests = plugins.Count == 0 ? [new(EventKind.Any)] : [.. plugins.SelectMany(p => _interestsOf(pod, p))];
            queued.Kinds = queued.Interests.Aggregate(EventKind.None, (all, i) => all | i.Kinds);
            if (HappenedSince(queued))
                StartBackOff(queued, fresh: true);
            else if (_gateOf(queued.Pod) is not null)
                Move(queued, Place.Gated);
            else
                Move(queued, Place.Waiting);
        }
    }

    /// <summary>The attempt failed for a reason of its own (binding was refused): it is made again after a back-off.</summary>
    public void Failed(PodInfo pod)
    {
        lock (_gate)
        {
            if (IsBeingTried(pod, out var queued))
                StartBackOff(queued, fresh: true);
        }
    }

    /// <summary>Tries a waiting pod at once.</summary>
    public void Activate(NamespacedName name)
    {
        lock (_gate)
        {
            if (_pods.TryGetValue(name, out var queued) && queued.Place is Place.Waiting or Place.BackOff)
                Move(queued, Place.Active);
        }
    }

    /// <summary>Something has changed in the cluster: pods that it could help are tried again after their back-off.</summary>
    public void ClusterChanged(ClusterEvent change)
    {
        lock (_gate)
        {
            _changes++;
            if (_counts[(int)Place.BeingTried] > 0)
            {
                _recent.Enqueue(change);
                if (_recent.Count > MaxRemembered)
                    _recent.Dequeue();
            }
            else
            {
                _recent.Clear();
            }

            if (_waiting.Count == 0)
                return;
            List<QueuedPod>? helped = null;
            foreach (var queued in _waiting)
            {
                if ((queued.Kinds & change.Kind) != 0 && CouldHelp(queued, change))
                    (helped ??= []).Add(queued);
            }

            if (helped is null)
                return;
            foreach (var queued in helped)
                StartBackOff(queued, fresh: false);
        }
    }

    public void Dispose() => _signal.Dispose();

    private static bool CouldHelp(QueuedPod queued, ClusterEvent change)
    {
        foreach (var interest in queued.Interests)
        {
            if ((interest.Kinds & change.Kind) != 0 && (change.Kind == EventKind.Any || interest.Helps is null || interest.Helps(queued.Pod, change)))
                return true;
        }

        return false;
    }

    private bool HappenedSince(QueuedPod queued)
    {
        var missed = _changes - queued.SeenChanges;
        if (missed == 0)
            return false;
        return missed > _recent.Count || _recent.Skip(_recent.Count - (int)missed).Any(c => (queued.Kinds & c.Kind) != 0 && CouldHelp(queued, c));
    }

    private static bool MayMatter(Api.Core.V1.Pod before, Api.Core.V1.Pod after) =>
        before.Spec != after.Spec || before.Metadata.Labels != after.Metadata.Labels || before.Status.ResourceClaimStatuses != after.Status.ResourceClaimStatuses;

    /// <param name="fresh">The attempt has just ended; otherwise what it has waited since counts.</param>
    private void StartBackOff(QueuedPod queued, bool fresh)
    {
        var length = _times.First * Math.Pow(2, Math.Clamp(queued.Attempts - 1, 0, 30));
        if (length > _times.Longest)
            length = _times.Longest;
        var now = _clock.GetUtcNow();
        var due = (fresh ? now : queued.Since) + length;
        if (due <= now)
        {
            Move(queued, Place.Active);
            return;
        }

        Move(queued, Place.BackOff);
        _due.Enqueue((queued, queued.Version), due);
        _signal.Release();
    }

    private void ReleaseDue(DateTimeOffset now)
    {
        while (_due.TryPeek(out var entry, out var due) && due <= now)
        {
            _due.Dequeue();
            if (IsCurrent(entry.Pod, entry.Version, Place.BackOff) || IsCurrent(entry.Pod, entry.Version, Place.Waiting))
                Move(entry.Pod, Place.Active);
        }
    }

    private void Move(QueuedPod queued, Place place)
    {
        if (queued.Place == place)
            return;
        if (queued.Place == Place.Waiting)
            _waiting.Remove(queued);
        _counts[(int)queued.Place]--;
        _counts[(int)place]++;
        queued.Place = place;
        queued.Version = ++_versions;
        if (place is not Place.BeingTried)
            queued.Since = _clock.GetUtcNow();
        switch (place)
        {
            case Place.Active:
                _active.Enqueue((queued, queued.Version), (-queued.Pod.Priority, queued.Since, ++_order));
                _signal.Release();
                break;
            case Place.Waiting:
                _waiting.Add(queued);
                _due.Enqueue((queued, queued.Version), queued.Since + LongestWait);
                break;
        }
    }

    private void Drop(QueuedPod queued)
    {
        _waiting.Remove(queued);
        _counts[(int)queued.Place]--;
        queued.Version = ++_versions;
    }

    private static bool IsCurrent(QueuedPod queued, long version, Place place) => queued.Version == version && queued.Place == place;

    private bool IsBeingTried(PodInfo pod, out QueuedPod queued) =>
        _pods.TryGetValue(pod.Name, out queued!) && queued.Place == Place.BeingTried && queued.Pod.Uid == pod.Uid;
}
