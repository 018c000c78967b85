using System.Globalization;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Runtime;
using Microsoft.Extensions.Logging;
using Container = Coxswain.Node.Runtime.Container;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Pods;

/// <summary>Has a worker for every pod of the node, and one for every pod that only the runtime still knows.</summary>
/// <remarks>Safe for concurrent use. Workers begin as soon as their pods are known.</remarks>
internal sealed partial class PodManager(PodServices services, Func<NodeObject?> node) : IPodDirectory, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PodWorker> _workers = new(StringComparer.Ordinal);
    private Dictionary<string, string> _seen = new(StringComparer.Ordinal);
    private bool _stopping;

    public void Added(Pod pod)
    {
        lock (_gate)
        {
            if (_stopping)
                return;
            if (_workers.TryGetValue(pod.Metadata.Uid, out var known))
            {
                known.Update(pod);
                return;
            }

            Begin(pod, removed: false, Refusal(pod));
        }
    }

    public void Updated(Pod pod) => Added(pod);

    public void Deleted(Pod pod)
    {
        lock (_gate)
        {
            if (!_stopping && _workers.TryGetValue(pod.Metadata.Uid, out var worker))
                worker.Removed(pod);
        }
    }

    public PodEntry? Find(string podNamespace, string name, string? uid) =>
        Workers()
            .Where(worker => uid is null || string.Equals(worker.Uid, uid, StringComparison.Ordinal))
            .Select(worker => worker.Entry())
            .Where(entry => entry.Pod.Metadata.Namespace == podNamespace && entry.Pod.Metadata.Name == name)
            // Of two pods that had the name one after the other, the younger.
            .OrderByDescending(entry => entry.Pod.Metadata.CreationTimestamp)
            .FirstOrDefault();

    public IReadOnlyList<PodEntry> List() => [.. Workers().Select(worker => worker.Entry())];

    /// <summary>Pods that take part in what the node has to give.</summary>
    public IReadOnlyList<Pod> Active() => [.. Workers().Where(worker => worker.IsActive).Select(worker => worker.Pod)];

    /// <summary>Asks the runtime what runs: wakes the workers whose pods have changed, and takes down what belongs to no pod.</summary>
    public async Task RelistAsync(CancellationToken cancellation)
    {
        var sandboxes = await services.Runtime.ListPodSandboxesAsync(null, cancellation);
        var containers = await services.Runtime.ListContainersAsync(null, cancellation);
        var now = Fingerprints(sandboxes, containers);
        lock (_gate)
        {
            if (_stopping)
                return;
            foreach (var (uid, fingerprint) in now)
            {
                if (!_workers.TryGetValue(uid, out var worker))
                    Begin(Orphan(uid, sandboxes, containers), removed: true, end: null);
                else if (_seen.GetValueOrDefault(uid) != fingerprint)
                    worker.Wake();
            }

            foreach (var uid in _seen.Keys)
            {
                if (!now.ContainsKey(uid) && _workers.TryGetValue(uid, out var worker))
                    worker.Wake();
            }

            _seen = now;
        }

        await ForgetFinishedAsync();
    }

    /// <summary>Deletes what is left of pods that neither the API server nor the runtime knows.</summary>
    public void RemoveOrphanedFolders()
    {
        foreach (var uid in services.Directories.Uids())
        {
            lock (_gate)
            {
                if (_stopping || _workers.ContainsKey(uid) || _seen.ContainsKey(uid))
                    continue;
            }

            try
            {
                services.Volumes.TearDown(uid);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                LogOrphan(services.Logger, uid, failed.Message);
            }
        }
    }

    /// <summary>Stops all pods with the patience each asks for. Their API objects stay: a later agent starts them again.</summary>
    public async Task StopAllPodsAsync(CancellationToken cancellation)
    {
        PodWorker[] workers;
        lock (_gate)
        {
            _stopping = true;
            workers = [.. _workers.Values];
        }

        await Task.WhenAll(workers.Select(worker => worker.StopPodAsync(cancellation)));
    }

    public async ValueTask DisposeAsync()
    {
        PodWorker[] workers;
        lock (_gate)
        {
            _stopping = true;
            workers = [.. _workers.Values];
            _workers.Clear();
        }

        await Task.WhenAll(workers.Select(worker => worker.DisposeAsync().AsTask()));
    }

    private PodWorker[] Workers()
    {
        lock (_gate)
            return [.. _workers.Values];
    }

    private void Begin(Pod pod, bool removed, PodEnd? end)
    {
        var worker = new PodWorker(pod, removed, end, services);
        _workers[pod.Metadata.Uid] = worker;
        worker.Start();
    }

    private PodEnd? Refusal(Pod pod)
    {
        // A pod that has a start time was taken in before, by a former life of this agent.
        if (pod.Status.StartTime is not null || pod.Metadata.DeletionTimestamp is not null
            || pod.Status.Phase is PodPhase.Succeeded or PodPhase.Failed || node() is not { } self)
        {
            return null;
        }

        var active = _workers.Values.Where(worker => worker.IsActive).Select(worker => worker.Pod).ToArray();
        if (PodAdmission.Check(pod, active, self) is not { } refusal)
            return null;
        services.Events.Warning(pod, refusal.Reason, refusal.Message);
        return refusal with { Message = "Pod was rejected: " + refusal.Message };
    }

    private async Task ForgetFinishedAsync()
    {
        var finished = new List<PodWorker>();
        lock (_gate)
        {
            foreach (var (uid, worker) in _workers)
            {
                if (worker.IsFinished)
                    finished.Add(worker);
            }

            foreach (var worker in finished)
                _workers.Remove(worker.Uid);
        }

        foreach (var worker in finished)
            await worker.DisposeAsync();
    }

    private static Dictionary<string, string> Fingerprints(IReadOnlyList<PodSandbox> sandboxes, IReadOnlyList<Container> containers)
    {
        var parts = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var sandbox in sandboxes)
            Add(sandbox.Labels, $"s{sandbox.Id}{sandbox.State}");
        foreach (var container in containers)
            Add(container.Labels, $"c{container.Id}{container.State}");
        return parts.ToDictionary(
            pair => pair.Key, pair => string.Join(';', pair.Value.Order(StringComparer.Ordinal)), StringComparer.Ordinal);

        void Add(IReadOnlyDictionary<string, string> labels, string part)
        {
            // What carries no pod's uid is not ours to touch.
            if (!labels.TryGetValue(RuntimeLabels.PodUid, out var uid))
                return;
            if (!parts.TryGetValue(uid, out var list))
                parts[uid] = list = [];
            list.Add(part);
        }
    }

    /// <summary>A pod made up from what the runtime remembers, good enough to be taken down.</summary>
    private static Pod Orphan(string uid, IReadOnlyList<PodSandbox> sandboxes, IReadOnlyList<Container> containers)
    {
        var container = containers.FirstOrDefault(c => c.Labels.GetValueOrDefault(RuntimeLabels.PodUid) == uid);
        var labels = sandboxes.FirstOrDefault(s => s.Labels.GetValueOrDefault(RuntimeLabels.PodUid) == uid)?.Labels ?? container!.Labels;
        long? grace = long.TryParse(
            container?.Annotations.GetValueOrDefault(RuntimeLabels.TerminationGracePeriod), CultureInfo.InvariantCulture, out var seconds) ? seconds : null;
        return new()
        {
            Metadata = new()
            {
                Name = labels.GetValueOrDefault(RuntimeLabels.PodName, ""),
                Namespace = labels.GetValueOrDefault(RuntimeLabels.PodNamespace, ""),
                Uid = uid,
            },
            Spec = new() { TerminationGracePeriodSeconds = grace },
        };
    }

    [LoggerMessage(1, LogLevel.Warning, "what is left of pod {Uid} cannot be removed yet: {Why}")]
    private static partial void LogOrphan(ILogger logger, string uid, string why);
}
