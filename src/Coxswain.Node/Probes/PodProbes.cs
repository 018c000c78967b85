using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;

namespace Coxswain.Node.Probes;

/// <summary>All probes of one pod. Owned by the pod's worker, which feeds it what it sees and ends it.</summary>
internal sealed class PodProbes(IProber prober, ProbeResults results, IPodEvents events, Action changed, TimeProvider clock) : IAsyncDisposable
{
    private sealed record Snapshot(Pod Pod, PodRuntimeStatus Status, bool Terminating);

    private readonly Dictionary<(string Container, ProbeType Type), Task> _workers = [];
    private readonly CancellationTokenSource _stop = new();
    private volatile Snapshot? _snapshot;

    /// <summary>Tells the probes what is so now, and starts those that are not running yet.</summary>
    public void Update(Pod pod, PodRuntimeStatus status, bool terminating)
    {
        _snapshot = new(pod, status, terminating);
        if (terminating)
            return;
        foreach (var (container, role) in PodContainers.All(pod))
        {
            if (role == ContainerRole.Ephemeral || (role == ContainerRole.Init && !PodContainers.IsSidecar(container)))
                continue;
            Ensure(container, role, ProbeType.Startup, container.StartupProbe);
            Ensure(container, role, ProbeType.Readiness, container.ReadinessProbe);
            Ensure(container, role, ProbeType.Liveness, container.LivenessProbe);
        }
    }

    /// <summary>Ends all probes and waits for the questions under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers.Values);
        _stop.Dispose();
    }

    private void Ensure(Container container, ContainerRole role, ProbeType type, Probe? probe)
    {
        if (probe is null || _workers.ContainsKey((container.Name, type)))
            return;
        var worker = new ProbeWorker(type, probe, container.Name, role, () => Subject(container.Name), prober, results, events, changed, clock);
        _workers[(container.Name, type)] = Task.Run(() => worker.RunAsync(_stop.Token), CancellationToken.None);
    }

    private ProbeSubject? Subject(string container)
    {
        if (_snapshot is not { } now)
            return null;
        var ip = now.Status.IPs.Count > 0 ? now.Status.IPs[0] : now.Pod.Status.PodIP;
        return new(now.Pod, now.Status.Find(container), ip, now.Terminating);
    }
}
