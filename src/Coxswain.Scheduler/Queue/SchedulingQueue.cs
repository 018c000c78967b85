using Coxswain.Api;

namespace Coxswain.Scheduler.Queue;

/// <summary>Pods that wait for a node: those to try now, those that wait out a back-off, and those for which something must change first.</summary>
/// <remarks>
/// A pod is in one of the three, or being tried. What happens while it is tried is not lost: a change of the cluster then sends a pod that
/// failed to back-off instead of leaving it to wait for the next change. Thread-safe.
/// </remarks>
public sealed class SchedulingQueue(TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(10);

    /// <summary>However little has changed: after this time a pod is tried again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<NamespacedName, QueuedPod> _pods = [];
    private readonly PriorityQueue<QueuedPod, (int NegatedPriority, DateTimeOffset Added, long Order)> _active = new();
    private readonly PriorityQueue<QueuedPod, DateTimeOffset> _backOff = new();
    private readonly SemaphoreSlim _signal = new(0);
    private long _order;
    private long _changes;

    private enum Place
    {
        Active,
        BackOff,
        Waiting,
        Gated,
        BeingTried,
    }

    private sealed class QueuedPod(PodInfo pod, DateTimeOffset added)
    {
        public PodInfo Pod { get; set; } = pod;
        public DateTimeOffset Added { get; set; } = added;
        public int Attempts { get; set; }
        public Place Place { get; set; }
        public DateTimeOffset Due { get; set; }
        public IReadOnlySet<string> Blockers { get; set; } = new HashSet<string>();
        public long SeenChanges { get; set; }

        /// <summary>Entries of the heaps are not removed but outdated: only the newest one counts.</summary>
        public long Version { get; set; }
        public long HeapVersion { get; set; }
    }

    /// <summary>How many pods wait in each place, as upstream's metric names them.</summary>
    public (int Active, int BackOff, int Unschedulable, int Gated) Counts
    {
        get
        {
            lock (_gate)
            {
                return (Count(Place.Active), Count(Place.BackOff), Count(Place.Waiting), Count(Place.Gated));

                int Count(Place place) => _pods.Values.Count(p => p.Place == place);
            }
        }
    }

    /// <summary>Takes in a new pod or a new state of one. A change of its spec or labels may make it schedulable: it is tried again.</summary>
    public void Put(PodInfo pod)
    {
        lock (_gate)
        {
            var gated = pod.Pod.Spec.SchedulingGates.Count > 0;
            if (!_pods.TryGetValue(pod.Name, out var queued) || queued.Pod.Uid != pod.Uid)
            {
                queued = new(pod, clock.GetUtcNow());
                _pods[pod.Name] = queued;
                Move(queued, gated ? Place.Gated : Place.Active);
                return;
            }

            var before = queued.Pod.Pod;
            queued.Pod = pod;
            if (gated)
                Move(queued, Place.Gated);
            else if (queued.Place == Place.Gated || (queued.Place == Place.Waiting && (before.Spec != pod.Pod.Spec || before.Metadata.Labels != pod.Pod.Metadata.Labels)))
                Move(queued, Place.Active);
        }
    }

    public void Remove(NamespacedName name)
    {
        lock (_gate)
            _pods.Remove(name);
    }

    /// <summary>Waits for the next pod to try.</summary>
    public async Task<PodInfo> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            TimeSpan wait;
            lock (_gate)
            {
                ReleaseDue(clock.GetUtcNow());
                while (_active.TryDequeue(out var next, out _))
                {
                    if (!IsCurrent(next, Place.Active))
                        continue;
                    next.Place = Place.BeingTried;
                    next.Attempts++;
                    next.SeenChanges = _changes;
                    return next.Pod;
                }

                wait = _backOff.TryPeek(out _, out var due) ? due - clock.GetUtcNow() : LongestWait / 5;
            }

            if (wait < TimeSpan.FromMilliseconds(1))
                wait = TimeSpan.FromMilliseconds(1);
            using var timer = new CancellationTokenSource(wait, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
            try
            {
                await _signal.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The back-off of some pod has passed.
            }
        }
    }

    /// <summary>No node will do: the pod waits until something changes that could help.</summary>
    public void Unschedulable(PodInfo pod, IReadOnlySet<string> blockers)
    {
        lock (_gate)
        {
            if (!IsBeingTried(pod, out var queued))
                return;
            queued.Blockers = blockers;
            queued.Due = clock.GetUtcNow() + LongestWait;
            if (queued.SeenChanges != _changes)
                StartBackOff(queued);
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
                StartBackOff(queued);
        }
    }

    /// <summary>Something has changed in the cluster that may help pods held back by one of these plug-ins.</summary>
    /// <param name="plugins">Null: any.</param>
    public void ClusterChanged(IReadOnlyCollection<string>? plugins = null)
    {
        lock (_gate)
        {
            _changes++;
            foreach (var queued in _pods.Values)
            {
                if (queued.Place == Place.Waiting && (plugins is null || queued.Blockers.Count == 0 || plugins.Any(queued.Blockers.Contains)))
                    StartBackOff(queued);
            }
        }
    }

    public void Dispose() => _signal.Dispose();

    private void StartBackOff(QueuedPod queued)
    {
        var length = FirstBackOff * Math.Pow(2, Math.Min(queued.Attempts - 1, 10));
        // What it has waited already counts.
        queued.Due = (queued.Place == Place.BeingTried ? clock.GetUtcNow() : queued.Due - LongestWait) + (length < LongestBackOff ? length : LongestBackOff);
        Move(queued, queued.Due <= clock.GetUtcNow() ? Place.Active : Place.BackOff);
    }

    private void ReleaseDue(DateTimeOffset now)
    {
        while (_backOff.TryPeek(out var queued, out var due) && due <= now)
        {
            _backOff.Dequeue();
            if (IsCurrent(queued, Place.BackOff))
                Move(queued, Place.Active);
        }

        foreach (var queued in _pods.Values)
        {
            if (queued.Place == Place.Waiting && queued.Due <= now)
                Move(queued, Place.Active);
        }
    }

    private void Move(QueuedPod queued, Place place)
    {
        queued.Place = place;
        queued.HeapVersion = ++queued.Version;
        switch (place)
        {
            case Place.Active:
                _active.Enqueue(queued, (-queued.Pod.Priority, queued.Added, ++_order));
                _signal.Release();
                break;
            case Place.BackOff:
                _backOff.Enqueue(queued, queued.Due);
                _signal.Release();
                break;
        }
    }

    private bool IsCurrent(QueuedPod queued, Place place) =>
        queued.Place == place && _pods.TryGetValue(queued.Pod.Name, out var current) && ReferenceEquals(current, queued);

    private bool IsBeingTried(PodInfo pod, out QueuedPod queued) =>
        _pods.TryGetValue(pod.Name, out queued!) && queued.Place == Place.BeingTried && queued.Pod.Uid == pod.Uid;
}
