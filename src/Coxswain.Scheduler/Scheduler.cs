using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;
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
    private readonly InformerFactory _informers;
    private readonly EventRecorder _events;
    private readonly TimeProvider _clock;
    private readonly ILogger<Scheduler> _logger;
    private readonly string _name;
    private readonly ClusterState _cluster = new();
    private readonly SchedulingQueue _queue;
    private readonly SchedulingCycle _cycle = new(PluginTable.Filters, PluginTable.Scores, Random.Shared);
    private readonly SemaphoreSlim _bindings = new(MaxBindings);

    public Scheduler(IApiClient api, InformerFactory informers, EventRecorder events, TimeProvider clock, ILogger<Scheduler> logger, string name = DefaultName)
    {
        (_api, _informers, _events, _clock, _logger, _name) = (api, informers, events, clock, logger, name);
        _queue = new(clock);
        informers.Informer<Node>().AddHandler(new()
        {
            Added = n => NodeChanged(null, n),
            Updated = NodeChanged,
            Deleted = n => _cluster.RemoveNode(n.Metadata.Name),
        });
        informers.Informer<Namespace>().AddHandler(new()
        {
            Added = _cluster.SetNamespace,
            Updated = (_, ns) => _cluster.SetNamespace(ns),
            Deleted = ns => _cluster.RemoveNamespace(ns.Metadata.Name),
        });
        informers.Informer<Pod>().AddHandler(new() { Added = p => PodChanged(null, p), Updated = PodChanged, Deleted = PodDeleted });
    }

    /// <summary>Runs until cancelled. The caller starts the informers and the event recorder.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _informers.Informer<Node>().WaitForSyncAsync(cancellation).ConfigureAwait(false);
        await _informers.Informer<Namespace>().WaitForSyncAsync(cancellation).ConfigureAwait(false);
        await _informers.Informer<Pod>().WaitForSyncAsync(cancellation).ConfigureAwait(false);
        var bindings = new HashSet<Task>();
        try
        {
            while (true)
            {
                var pod = await _queue.TakeAsync(cancellation).ConfigureAwait(false);
                await _bindings.WaitAsync(cancellation).ConfigureAwait(false);
                bindings.RemoveWhere(t => t.IsCompleted);
                bindings.Add(ScheduleAsync(pod, cancellation));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Task.WhenAll(bindings).ConfigureAwait(false);
        }
    }

    /// <summary>After <see cref="RunAsync"/> has returned.</summary>
    public void Dispose()
    {
        _queue.Dispose();
        _bindings.Dispose();
    }

    /// <summary>Decides before it first waits, so that decisions are made one at a time, in the caller's order.</summary>
    private async Task ScheduleAsync(PodInfo pod, CancellationToken cancellation)
    {
        try
        {
            SchedulingResult result;
            lock (_cluster.Gate)
            {
                result = _cycle.Run(pod, _cluster);
                if (result.Node is { } node)
                    _cluster.Assume(pod, node);
            }

            if (result.Node is { } chosen)
                await BindAsync(pod, chosen, cancellation).ConfigureAwait(false);
            else
                await RejectAsync(pod, result, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopping: whoever schedules next starts from what the API shows.
        }
        catch (Exception e)
        {
            LogFailed(e, pod.Name);
            _queue.Failed(pod);
        }
        finally
        {
            _bindings.Release();
        }
    }

    private async Task BindAsync(PodInfo pod, string node, CancellationToken cancellation)
    {
        var binding = new Binding
        {
            Metadata = new() { Namespace = pod.Name.Namespace, Name = pod.Name.Name, Uid = pod.Uid },
            Target = new() { Kind = "Node", Name = node },
        };
        try
        {
            await _api.CreateSubresourceAsync<Pod, Binding, Status>(pod.Name, "binding", binding, cancellation).ConfigureAwait(false);
            _queue.Remove(pod.Name);
            _events.Normal(pod.Pod, "Scheduled", $"Successfully assigned {pod.Name} to {node}");
        }
        catch (ApiException e) when (e.Code is 404)
        {
            // Deleted meanwhile.
            _cluster.Forget(pod.Uid);
            _queue.Remove(pod.Name);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _cluster.Forget(pod.Uid);
            _queue.ClusterChanged();
            _queue.Failed(pod);
            _events.Warning(pod.Pod, "FailedScheduling", $"binding rejected: {e.Message}");
            LogBindingFailed(e, pod.Name, node);
        }
    }

    private async Task RejectAsync(PodInfo pod, SchedulingResult result, CancellationToken cancellation)
    {
        _queue.Unschedulable(pod, result.Plugins);
        _events.Warning(pod.Pod, "FailedScheduling", result.Message);
        var present = pod.Pod.Status.Conditions.FirstOrDefault(c => c.Type == "PodScheduled");
        if (present is { Status: "False", Reason: "Unschedulable" } && present.Message == result.Message)
            return;
        try
        {
            await _api.PatchAsync<Pod>(pod.Name, UnschedulablePatch(pod, result.Message), cancellation, "status").ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Deleted or replaced meanwhile: nobody is left to tell.
        }
    }

    private Patch UnschedulablePatch(PodInfo pod, string message)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteString("uid", pod.Uid);
            json.WriteEndObject();
            json.WriteStartObject("status");
            json.WriteStartArray("conditions");
            json.WriteStartObject();
            json.WriteString("type", "PodScheduled");
            json.WriteString("status", "False");
            json.WriteString("reason", "Unschedulable");
            json.WriteString("message", message);
            json.WriteNumber("observedGeneration", pod.Pod.Metadata.Generation);
            json.WriteString("lastTransitionTime", _clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Patch.StrategicMerge(buffer.ToArray());
    }

    private void NodeChanged(Node? before, Node after)
    {
        _cluster.SetNode(after);
        if (before is null || before.Spec != after.Spec || before.Metadata.Labels != after.Metadata.Labels || before.Status.Allocatable != after.Status.Allocatable)
            _queue.ClusterChanged();
    }

    private void PodChanged(Pod? before, Pod after)
    {
        var ended = after.Status.Phase is "Succeeded" or "Failed";
        if (ended)
        {
            PodDeleted(after);
            return;
        }

        if (after.Spec.NodeName.Length > 0)
        {
            _queue.Remove(new(after.Metadata.Namespace, after.Metadata.Name));
            _cluster.SetPod(new(after));
            // Others may want to be near it.
            if (before is null || before.Spec.NodeName.Length == 0 || before.Metadata.Labels != after.Metadata.Labels)
                _queue.ClusterChanged(PodPlugins);
        }
        else if (IsOurs(after))
        {
            if (!_cluster.IsPlaced(after.Metadata.Uid))
                _queue.Put(new(after));
        }
    }

    private void PodDeleted(Pod pod)
    {
        _queue.Remove(new(pod.Metadata.Namespace, pod.Metadata.Name));
        if (_cluster.RemovePod(pod.Metadata.Uid))
            _queue.ClusterChanged();
    }

    private static readonly string[] PodPlugins = ["InterPodAffinity", "PodTopologySpread"];

    private bool IsOurs(Pod pod) => pod.Metadata.DeletionTimestamp is null && pod.Spec.SchedulerName == _name;

    [LoggerMessage(1, LogLevel.Error, "scheduler: pod {Pod}: the attempt failed and is made again")]
    private partial void LogFailed(Exception error, NamespacedName pod);

    [LoggerMessage(2, LogLevel.Warning, "scheduler: pod {Pod}: could not be bound to {Node}")]
    private partial void LogBindingFailed(Exception error, NamespacedName pod, string node);
}
