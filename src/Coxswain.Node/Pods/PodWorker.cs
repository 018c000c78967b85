using System.Threading.Channels;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Node.Probes;
using Coxswain.Node.Status;
using Coxswain.Node.Volumes;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Pods;

/// <summary>Looks after one pod, by uid, from its arrival to its removal. Nobody else touches the pod's sandboxes, containers and volumes.</summary>
/// <remarks>
/// A single loop: read what runs, compare, act, tell. It is woken by news of the pod, of the runtime and of probes, and comes by itself from
/// time to time. Cancelling (<see cref="DisposeAsync"/>) stops the looking after; the containers run on.
/// </remarks>
internal sealed partial class PodWorker : IAsyncDisposable
{
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);

    private readonly PodServices _services;
    private readonly PodRuntimeReader _reader;
    private readonly PodProbes _probes;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly PodTermination _termination;
    private Pod _pod;
    private bool _removed;
    private CancellationTokenSource? _syncing;
    private PodStatus _status;
    private volatile PodRuntimeStatus _runtime = PodRuntimeStatus.Empty;
    private IReadOnlyDictionary<string, WaitReason> _waitReasons = new Dictionary<string, WaitReason>();
    private PodEnd? _end;
    private int _failures;
    private bool _cleanedUp;
    private Task _loop = Task.CompletedTask;

    /// <param name="removed">The API server does not know the pod (any more): take it down.</param>
    /// <param name="end">Set when the pod is refused from the start.</param>
    public PodWorker(Pod pod, bool removed, PodEnd? end, PodServices services)
    {
        _pod = pod;
        _removed = removed;
        _end = end;
        _status = pod.Status;
        _services = services;
        Uid = pod.Metadata.Uid;
        _reader = new(services.Runtime, Uid);
        _probes = new(services.Prober, services.ProbeResults, services.Events, Wake, services.Clock);
        _termination = new(services);
    }

    public string Uid { get; }

    /// <summary>Everything of the pod is gone and the API server knows it.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Somebody has called since the last pass began.</summary>
    internal bool IsAwake => _wake.Reader.Count > 0;

    /// <summary>The pod as last told, with the status that was last made for it.</summary>
    public Pod Pod
    {
        get
        {
            lock (_gate)
                return _pod with { Status = _status };
        }
    }

    /// <summary>Whether the pod still takes part in what the node has to give.</summary>
    public bool IsActive
    {
        get
        {
            lock (_gate)
                return !_removed && _end is null && _status.Phase is not (PodPhase.Succeeded or PodPhase.Failed);
        }
    }

    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>There is news of the pod.</summary>
    public void Update(Pod pod)
    {
        lock (_gate)
        {
            // The echo of a status that this worker wrote itself is no news.
            var isEcho = pod.Status == _status && pod.Spec == _pod.Spec && Meaning(pod.Metadata) == Meaning(_pod.Metadata);
            _pod = pod;
            if (isEcho)
                return;
            _termination.SetPatience(pod.Metadata.DeletionGracePeriodSeconds);
            // What is being done for a pod that is to go may take minutes (an image): it is not needed any more.
            if (pod.Metadata.DeletionTimestamp is not null)
                _syncing?.Cancel();
        }

        Wake();
    }

    /// <summary>The API server knows the pod no more.</summary>
    public void Removed(Pod last)
    {
        lock (_gate)
        {
            _pod = last;
            _removed = true;
            _termination.SetPatience(last.Metadata.DeletionGracePeriodSeconds);
            _syncing?.Cancel();
        }

        Wake();
    }

    public void Wake() => _wake.Writer.TryWrite(true);

    public PodEntry Entry()
    {
        var runtime = _runtime;
        return new()
        {
            Pod = Pod,
            SandboxId = runtime.Sandbox?.Id,
            Containers =
            [
                .. runtime.Containers.Select(c => new PodEntryContainer(
                    c.Name, c.Id, c.State == Runtime.ContainerState.Running, c.RestartCount, c.Status.LogPath)),
            ],
        };
    }

    /// <summary>Stops looking after the pod and then stops its containers with the patience it asks for. The API object stays.</summary>
    public async Task StopPodAsync(CancellationToken cancellation)
    {
        await _stop.CancelAsync();
        await _loop;
        var runtime = await _reader.ReadAsync(cancellation);
        await _services.Killer.KillPodAsync(Pod, runtime, null, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await _probes.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var cancellation = _stop.Token;
        try
        {
            while (!IsFinished)
            {
                var next = await TryPassAsync(cancellation);
                if (!IsFinished)
                    await WaitAsync(next, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The agent stops; the next one adopts what runs.
        }
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(limit, _services.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            await _wake.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // Nobody called: the regular visit.
        }
    }

    private async Task<TimeSpan> TryPassAsync(CancellationToken cancellation)
    {
        try
        {
            var next = await PassAsync(cancellation);
            _failures = 0;
            return next;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The pass was cut short by news; look at once.
            return TimeSpan.FromMilliseconds(1);
        }
        catch (VolumesNotReadyException)
        {
            return Backed();
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            LogFailed(_services.Logger, failed, PodContainers.Describe(_pod));
            return Backed();
        }
    }

    private TimeSpan Backed()
    {
        _failures = Math.Min(_failures + 1, 9);
        var wait = FirstRetry * Math.Pow(2, _failures - 1);
        return wait < MaxRetry ? wait : MaxRetry;
    }

    /// <summary>One pass. Returns when to come again at the latest.</summary>
    internal async Task<TimeSpan> PassAsync(CancellationToken cancellation)
    {
        Pod pod;
        bool removed;
        lock (_gate)
        {
            pod = _pod;
            removed = _removed;
        }

        // 1. What is.
        _runtime = await _reader.ReadAsync(cancellation);
        CheckDeadline(pod);
        CheckVolumeLimits(pod);

        // 2. A pod that is to go, goes.
        if (removed || pod.Metadata.DeletionTimestamp is not null || _end is not null || _status.Phase is PodPhase.Succeeded or PodPhase.Failed)
            return await EndAsync(pod, removed, cancellation);

        // 3. Tell what is so before the long work.
        await TellAsync(pod, terminal: false, cancellation);
        _probes.Update(Pod, _runtime, terminating: false);
        if (_status.Phase is PodPhase.Succeeded or PodPhase.Failed)
            return await EndAsync(pod, removed, cancellation);

        // 4. The long work, which news can cut short.
        var outcome = await SyncAsync(pod, cancellation);
        _waitReasons = outcome.WaitReasons;

        // 5. Tell what came of it.
        _runtime = await _reader.ReadAsync(cancellation);
        await TellAsync(pod, terminal: false, cancellation);
        _probes.Update(Pod, _runtime, terminating: false);
        await _services.Pruner.PruneAsync(_runtime, cancellation);

        if (_status.Phase is PodPhase.Succeeded or PodPhase.Failed)
            return TimeSpan.FromMilliseconds(1);
        return Sooner(outcome.RetryAfter ?? _services.Options.SyncFrequency, UntilDeadline(pod));
    }

    private async Task<SyncOutcome> SyncAsync(Pod pod, CancellationToken cancellation)
    {
        if (!pod.Spec.HostNetwork && _services.NetworkProblem() is { } problem)
        {
            _services.Events.Warning(pod, "NetworkNotReady", $"network is not ready: {problem}");
            return new(_waitReasons, TimeSpan.FromSeconds(5));
        }

        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        lock (_gate)
        {
            if (!ReferenceEquals(_pod, pod) && (_pod.Metadata.DeletionTimestamp is not null || _removed))
                cut.Cancel();
            _syncing = cut;
        }

        try
        {
            if (_services.Cgroups.Apply(pod) is { } denied)
                LogCgroups(_services.Logger, PodContainers.Describe(pod), denied);
            var volumes = await SetUpVolumesAsync(pod, cut.Token);
            return await _services.Sync.SyncAsync(pod, _runtime, _services.Node(), volumes, cut.Token);
        }
        finally
        {
            lock (_gate)
                _syncing = null;
        }
    }

    private async Task<IReadOnlyDictionary<string, ReadyVolume>> SetUpVolumesAsync(Pod pod, CancellationToken cancellation)
    {
        try
        {
            return await _services.Volumes.SetUpAsync(pod, _services.Node(), _runtime.IPs, cancellation);
        }
        catch (VolumesNotReadyException failed)
        {
            foreach (var (volume, message) in failed.Failures)
                _services.Events.Warning(pod, "FailedMount", $"MountVolume.SetUp failed for volume \"{volume}\" : {message}");
            throw;
        }
    }

    private async Task TellAsync(Pod pod, bool terminal, CancellationToken cancellation)
    {
        var status = PodStatusBuilder.Build(new()
        {
            Pod = pod,
            Old = _status,
            Runtime = _runtime,
            Probes = _services.ProbeResults,
            WaitReasons = _waitReasons,
            Node = _services.Node(),
            RuntimeName = _services.RuntimeName,
            Now = _services.Clock.GetUtcNow(),
            Terminal = terminal,
            Phase = _end?.Phase ?? "",
            Reason = _end?.Reason ?? "",
            Message = _end?.Message ?? "",
        });
        lock (_gate)
            _status = status;
        if (_removed)
            return;
        if (await _services.StatusWriter.WriteAsync(pod, status, cancellation) is { } stored)
        {
            lock (_gate)
            {
                // What others have put into the status since is kept for the next comparison.
                _status = stored.Status;
                if (ReferenceEquals(_pod, pod))
                    _pod = stored.Metadata.DeletionTimestamp == pod.Metadata.DeletionTimestamp ? pod with { Metadata = stored.Metadata, Status = stored.Status } : stored;
            }
        }
    }

    private void CheckDeadline(Pod pod)
    {
        if (_end is not null || UntilDeadline(pod) is not { } left || left > TimeSpan.Zero)
            return;
        const string message = "Pod was active on the node longer than the specified deadline";
        _services.Events.Normal(pod, "DeadlineExceeded", message);
        _end = new(PodPhase.Failed, "DeadlineExceeded", message);
    }

    private void CheckVolumeLimits(Pod pod)
    {
        if (_end is not null || _services.Volumes.FindExceeded(pod) is not { } message)
            return;
        _services.Events.Warning(pod, "Evicted", message);
        _end = new(PodPhase.Failed, PodConditions.Evicted, message);
    }

    private static ObjectMeta Meaning(ObjectMeta metadata) => metadata with { ResourceVersion = "", ManagedFields = default };

    private TimeSpan? UntilDeadline(Pod pod) =>
        pod.Spec.ActiveDeadlineSeconds is { } seconds && _status.StartTime is { } start
            ? start.AddSeconds(seconds) - _services.Clock.GetUtcNow()
            : null;

    private static TimeSpan Sooner(TimeSpan a, TimeSpan? b) => b is { } other && other < a ? (other > TimeSpan.Zero ? other : TimeSpan.FromMilliseconds(1)) : a;

    private async Task<TimeSpan> EndAsync(Pod pod, bool removed, CancellationToken cancellation)
    {
        // 1. Nothing runs any more.
        _probes.Update(Pod, _runtime, terminating: true);
        if (_end is not null || (pod.Metadata.DeletionTimestamp is not null && !removed))
            await TellAsync(pod, terminal: false, cancellation);
        if (_runtime.AnythingRuns)
            await _termination.StopAsync(pod, _runtime, cancellation);
        _runtime = await _reader.ReadAsync(cancellation);
        if (_runtime.AnythingRuns)
            return TimeSpan.FromSeconds(1);

        // 2. What the pod came to.
        await TellAsync(pod, terminal: true, cancellation);

        // 3. What it had on the node.
        if (!_cleanedUp)
        {
            _services.Volumes.TearDown(Uid);
            _ = _services.Cgroups.Remove(pod);
            _cleanedUp = true;
        }

        lock (_gate)
        {
            pod = _pod;
            removed = _removed;
        }

        // 4. A pod that nobody wants any more leaves no trace; one that is only over keeps its logs.
        if (!removed && pod.Metadata.DeletionTimestamp is null)
            return _services.Options.SyncFrequency;
        if (!removed)
            await _services.StatusWriter.DeleteAsync(pod, cancellation);
        await _termination.EraseAsync(pod, _runtime, cancellation);
        _runtime = PodRuntimeStatus.Empty;
        IsFinished = removed || pod.Metadata.Finalizers.Count == 0;
        return _services.Options.SyncFrequency;
    }

    [LoggerMessage(1, LogLevel.Error, "pod {Pod}: the pass failed, trying again")]
    private static partial void LogFailed(ILogger logger, Exception error, string pod);

    [LoggerMessage(2, LogLevel.Debug, "pod {Pod}: its cgroup cannot be limited as a whole: {Why}")]
    private static partial void LogCgroups(ILogger logger, string pod, string why);
}

/// <summary>Why a pod is ended that would otherwise go on.</summary>
internal sealed record PodEnd(string Phase, string Reason, string Message);
