using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Client;
using Coxswain.Scheduler.Configuration;
using Coxswain.Scheduler.Extenders;
using Coxswain.Scheduler.Preemption;
using Coxswain.Scheduler.Queue;
using Microsoft.Extensions.Logging;

namespace Coxswain.Scheduler;

/// <summary>Gives pods their nodes: takes one after another from the queue, decides, and binds while the next is being decided.</summary>
/// <remarks>Level-triggered: all it knows comes from the informers and can be built anew at any time. Decisions are made one at a time;
/// bindings under way are bounded.</remarks>
public sealed partial class Scheduler : IDisposable
{
    public const string DefaultName = "default-scheduler";
    private const int MaxBindings = 64;

    private readonly IApiClient _api;
    private readonly TimeProvider _clock;
    private readonly ILogger<Scheduler> _logger;
    private readonly Lister<PodDisruptionBudget> _budgets;
    private readonly ClusterState _cluster = new();
    private readonly Dictionary<string, (SchedulingCycle Cycle, EventRecorder Events)> _profiles = new(StringComparer.Ordinal);
    private readonly SchedulingQueue _queue;
    private readonly ClusterFeed _feed;
    private readonly ExtenderChain _extenders;
    private readonly Preemptor _preemptor;
    private readonly SchedulerMetrics _metrics;
    private readonly SemaphoreSlim _bindings = new(MaxBindings);

    /// <summary>The caller owns the informers and starts them after this.</summary>
    /// <exception cref="ConfigurationException">The configuration names plug-ins that there are not.</exception>
    public Scheduler(IApiClient api, InformerFactory informers, SchedulerConfiguration configuration, TimeProvider clock, ILoggerFactory loggers)
    {
        (_api, _clock, _logger) = (api, clock, loggers.CreateLogger<Scheduler>());
        foreach (var profile in configuration.Profiles)
        {
            var built = ProfileBuilder.Build(configuration, profile, new(api, clock));
            _profiles[profile.SchedulerName] = (new(built, Random.Shared), new(api, profile.SchedulerName, "", clock, loggers.CreateLogger("Coxswain.Scheduler")));
        }

        _extenders = new(configuration.Extenders);
        _queue = new(clock, new(configuration.PodInitialBackoff, configuration.PodMaxBackoff), GateOf, (pod, plugin) => ProfileOf(pod)?.InterestsOf(plugin) ?? []);
        _metrics = new(_queue);
        _feed = new(_cluster, _queue, _profiles.ContainsKey);
        _feed.Attach(informers);
        _budgets = informers.Lister<PodDisruptionBudget>();
        _preemptor = new(api, clock);
    }

    /// <summary>What is known of nodes and pods: read it under its gate.</summary>
    public ClusterState Cluster => _cluster;

    /// <summary>How many pods wait in each place of the queue.</summary>
    public (int Active, int BackOff, int Unschedulable, int Gated) Waiting => _queue.Counts;

    /// <summary>Runs until cancelled. The caller starts the informers.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var events = Task.WhenAll(_profiles.Values.Select(p => p.Events.RunAsync(stop.Token)));
        var bindings = new HashSet<Task>();
        try
        {
            await _feed.WaitForSyncAsync(cancellation).ConfigureAwait(false);
            while (true)
            {
                var pod = await _queue.TakeAsync(cancellation).ConfigureAwait(false);
                await _bindings.WaitAsync(cancellation).ConfigureAwait(false);
                bindings.RemoveWhere(t => t.IsCompleted);
                bindings.Add(FinishAsync(await DecideAsync(pod, cancellation).ConfigureAwait(false), cancellation));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to end.
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(bindings).ConfigureAwait(false);
            await events.ConfigureAwait(false);
        }
    }

    /// <summary>After <see cref="RunAsync"/> has returned.</summary>
    public void Dispose()
    {
        _queue.Dispose();
        _bindings.Dispose();
        _extenders.Dispose();
        _metrics.Dispose();
    }

    /// <summary>What became of one attempt up to the point where the API has to be told.</summary>
    private sealed record Decision(PodInfo Pod, EventRecorder Events, long Started)
    {
        public NodeInfo? Node { get; init; }
        public IReadOnlyList<IReservation> Reservations { get; init; } = [];
        public Diagnosis? Diagnosis { get; init; }
        public PreemptionCandidate? Preemption { get; init; }
        public Exception? Error { get; init; }
    }

    /// <summary>Completes at once where no extender is asked.</summary>
    private async Task<Decision> DecideAsync(PodInfo pod, CancellationToken cancellation)
    {
        var (cycles, events) = _profiles[pod.Pod.Spec.SchedulerName];
        var decision = new Decision(pod, events, _clock.GetTimestamp());
        try
        {
            FilterResult result;
            lock (_cluster.Gate)
            {
                // The API has shown it on a node since it was taken: nothing is left to do.
                if (_cluster.IsPlaced(pod.Uid))
                    return decision;
                result = cycles.Filter(pod, _cluster);
                if (result.Feasible.Count > 0 && !_extenders.AnyFor(pod))
                    return Choose(decision, cycles, result, []);
            }

            if (result.Feasible.Count > 0)
            {
                var feasible = await _extenders.FilterAsync(pod, result.Feasible, result.Diagnosis, cancellation).ConfigureAwait(false);
                var points = await _extenders.PrioritizeAsync(pod, feasible, cancellation).ConfigureAwait(false);
                if (feasible.Count > 0)
                {
                    result = result with { Feasible = feasible };
                    lock (_cluster.Gate)
                        return Choose(decision, cycles, result, points);
                }
            }

            return decision with { Diagnosis = result.Diagnosis, Preemption = await PreemptionAsync(cycles, result, cancellation).ConfigureAwait(false) };
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return decision with { Error = e };
        }
        finally
        {
            _metrics.Decided(_clock.GetElapsedTime(decision.Started));
        }
    }

    /// <summary>Under the gate.</summary>
    private Decision Choose(Decision decision, SchedulingCycle cycles, FilterResult result, long[] points)
    {
        // While an extender was asked the world went on: the node must still be there.
        if (points.Length > 0)
            result.Feasible.RemoveAll(n => n.Node is null);
        if (result.Feasible.Count == 0)
            throw new InvalidOperationException("the nodes that were found are gone");
        var node = cycles.Best(result.Cycle, result.Feasible, points.Length == result.Feasible.Count ? points : []);
        List<IReservation>? reservations = null;
        foreach (var plugin in cycles.Profile.Binds)
        {
            if (plugin.Reserve(result.Cycle, node) is { } reservation)
                (reservations ??= []).Add(reservation);
        }

        _cluster.Assume(decision.Pod, node.Name);
        return decision with { Node = node, Reservations = reservations ?? (IReadOnlyList<IReservation>)[] };
    }

    private async Task<PreemptionCandidate?> PreemptionAsync(SchedulingCycle cycles, FilterResult result, CancellationToken cancellation)
    {
        IReadOnlyList<PreemptionCandidate> candidates;
        lock (_cluster.Gate)
            candidates = cycles.Candidates(result, _budgets.All(), _clock.GetUtcNow());
        if (candidates.Count == 0)
            return null;
        candidates = await _extenders.PreemptAsync(result.Cycle.Pod, candidates, cancellation).ConfigureAwait(false);
        if (candidates.Count == 0)
            return null;
        var chosen = PreemptionCandidate.Pick(candidates, _clock.GetUtcNow());
        lock (_cluster.Gate)
            _cluster.Nominations.Set(result.Cycle.Pod, chosen.Node.Name);
        return chosen;
    }

    private async Task FinishAsync(Decision decision, CancellationToken cancellation)
    {
        var result = "error";
        try
        {
            if (decision.Error is { } error)
                await FailAsync(decision, error, cancellation).ConfigureAwait(false);
            else if (decision.Node is not null)
                result = await BindAsync(decision, cancellation).ConfigureAwait(false) ? "scheduled" : "error";
            else if (decision.Diagnosis is not null)
            {
                result = "unschedulable";
                await RejectAsync(decision, decision.Diagnosis, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopping: whoever schedules next starts from what the API shows.
        }
        catch (Exception e)
        {
            LogFailed(e, decision.Pod.Name);
            _queue.Failed(decision.Pod);
        }
        finally
        {
            _metrics.Attempted(decision.Pod.Pod.Spec.SchedulerName, result, _clock.GetElapsedTime(decision.Started));
            _bindings.Release();
        }
    }

    private async Task<bool> BindAsync(Decision decision, CancellationToken cancellation)
    {
        var (pod, node) = (decision.Pod, decision.Node!.Name);
        try
        {
            foreach (var reservation in decision.Reservations)
                await reservation.CommitAsync(cancellation).ConfigureAwait(false);
            if (_extenders.BinderFor(pod) is { } binder)
                await binder.BindAsync(pod, node, cancellation).ConfigureAwait(false);
            else
                await _api.CreateSubresourceAsync<Pod, Binding, Status>(pod.Name, "binding", BindingOf(pod, node), cancellation).ConfigureAwait(false);
            lock (_cluster.Gate)
                Release(decision);
            _queue.Remove(pod.Name);
            decision.Events.Normal(pod.Pod, "Scheduled", $"Successfully assigned {pod.Name} to {node}");
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            lock (_cluster.Gate)
                Release(decision);
            _cluster.Forget(pod.Uid);
            // The room that it had is there for others again.
            _queue.ClusterChanged(new(EventKind.PodRemoved, pod));
            if (e is ApiException { Code: 404 })
            {
                // Deleted meanwhile.
                _queue.Remove(pod.Name);
                return false;
            }

            LogBindingFailed(e, pod.Name, node);
            await FailAsync(decision, e, cancellation).ConfigureAwait(false);
            return false;
        }

        static void Release(Decision decision)
        {
            foreach (var reservation in decision.Reservations)
                reservation.Release();
        }
    }

    private static Binding BindingOf(PodInfo pod, string node) => new()
    {
        Metadata = new() { Namespace = pod.Name.Namespace, Name = pod.Name.Name, Uid = pod.Uid },
        Target = new() { Kind = "Node", Name = node },
    };

    /// <summary>The attempt itself failed: said so, and made again after a back-off.</summary>
    private async Task FailAsync(Decision decision, Exception error, CancellationToken cancellation)
    {
        _queue.Failed(decision.Pod);
        decision.Events.Warning(decision.Pod.Pod, "FailedScheduling", Shortened(error.Message));
        await SayAsync(decision.Pod, "SchedulerError", error.Message, nominated: null, cancellation).ConfigureAwait(false);
    }

    private async Task RejectAsync(Decision decision, Diagnosis diagnosis, CancellationToken cancellation)
    {
        var (pod, message) = (decision.Pod, diagnosis.Message);
        _queue.Unschedulable(pod, diagnosis.Plugins);
        decision.Events.Warning(pod.Pod, "FailedScheduling", Shortened(message));
        var nominated = decision.Preemption is { } chosen ? chosen.Node.Name
            : diagnosis.Preemption.StartsWith("preemption: not eligible", StringComparison.Ordinal) ? null
            : "";
        if (nominated is { Length: 0 })
        {
            lock (_cluster.Gate)
                _cluster.Nominations.Remove(pod.Uid);
        }

        await SayAsync(pod, "Unschedulable", message, nominated, cancellation).ConfigureAwait(false);
        if (decision.Preemption is not { } preemption)
            return;
        _metrics.Preempted(preemption.Victims.Count);
        await DenominateAsync(pod, preemption.Node, cancellation).ConfigureAwait(false);
        await _preemptor.EvictAsync(pod, preemption, decision.Events, cancellation).ConfigureAwait(false);
    }

    /// <summary>Less important pods that were promised room on the node look elsewhere.</summary>
    private async Task DenominateAsync(PodInfo pod, NodeInfo node, CancellationToken cancellation)
    {
        List<PodInfo> lower;
        lock (_cluster.Gate)
        {
            lower = [.. _cluster.Nominations.On(node.Name).Where(p => p.Priority < pod.Priority)];
            lower.ForEach(p => _cluster.Nominations.Remove(p.Uid));
        }

        foreach (var other in lower)
        {
            try
            {
                await _api.PatchAsync<Pod>(other.Name, PodStatusPatch.NoNomination(other), cancellation, "status").ConfigureAwait(false);
            }
            catch (ApiException e) when (e.Code is 404 or 409)
            {
                // Deleted or replaced meanwhile.
            }

            _queue.Activate(other.Name);
        }
    }

    private async Task SayAsync(PodInfo pod, string reason, string message, string? nominated, CancellationToken cancellation)
    {
        if (PodStatusPatch.Of(pod, reason, message, nominated, _clock.GetUtcNow()) is not { } patch)
            return;
        try
        {
            await _api.PatchAsync<Pod>(pod.Name, patch, cancellation, "status").ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Deleted or replaced meanwhile: nobody is left to tell.
        }
    }

    /// <summary>Events take so much.</summary>
    private static string Shortened(string message) => message.Length <= 1024 ? message : message[..1020] + " ...";

    private Profile? ProfileOf(PodInfo pod) => _profiles.TryGetValue(pod.Pod.Spec.SchedulerName, out var profile) ? profile.Cycle.Profile : null;

    private string? GateOf(PodInfo pod)
    {
        foreach (var plugin in ProfileOf(pod)?.Enqueue ?? [])
        {
            if (plugin.Gate(pod) is { } why)
                return why;
        }

        return null;
    }

    [LoggerMessage(1, LogLevel.Error, "scheduler: pod {Pod}: the attempt failed and is made again")]
    private partial void LogFailed(Exception error, NamespacedName pod);

    [LoggerMessage(2, LogLevel.Warning, "scheduler: pod {Pod}: could not be bound to {Node}")]
    private partial void LogBindingFailed(Exception error, NamespacedName pod, string node);
}
