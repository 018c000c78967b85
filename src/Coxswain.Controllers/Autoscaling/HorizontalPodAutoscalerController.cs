using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Scales workloads by what their metrics say, at the pace and within the bounds that each autoscaler asks for.</summary>
internal sealed class HorizontalPodAutoscalerController(IApiClient api, Lister<HorizontalPodAutoscaler> autoscalers, Lister<Pod> pods, EventRecorder events,
    TimeProvider clock) : IReconciler
{
    private const double DefaultTolerance = 0.1;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Rediscovery = TimeSpan.FromSeconds(30);

    private readonly AutoscalerMetrics _metrics = new(new(api), new(pods, clock));
    private readonly ScalingHistory _history = new(clock);
    private readonly ConcurrentDictionary<NamespacedName, Selector> _selectors = new();
    private (IReadOnlyList<ServedResource> Served, long At)? _discovery;

    public static IReconciler Make(ControllerContext c) => new HorizontalPodAutoscalerController(c.Api, c.Lister<HorizontalPodAutoscaler>(), c.Lister<Pod>(),
        c.Events("horizontal-pod-autoscaler"), c.Clock);

    /// <summary>What is wished wakes; the status is our own writing.</summary>
    public static Wake WhenWishesChange { get; } = new(c => c.Informer<HorizontalPodAutoscaler>().AddHandler(new()
    {
        Added = hpa => c.Queue.Add(hpa.FullName()),
        Updated = (before, now) =>
        {
            if (before.Spec != now.Spec)
                c.Queue.Add(now.FullName());
        },
        Deleted = hpa => c.Queue.Add(hpa.FullName()),
    }));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (autoscalers.Find(name) is not { } hpa)
        {
            _history.Forget(name);
            _selectors.TryRemove(name, out _);
            return ReconcileResult.Done;
        }
        var started = clock.GetTimestamp();
        var status = new AutoscalerStatus(hpa, clock.GetUtcNow());
        try
        {
            await DecideAsync(hpa, status, cancellation).ConfigureAwait(false);
        }
        finally
        {
            ControllerMetrics.AutoscalerReconciliation.Record(clock.GetElapsedTime(started).TotalSeconds);
        }
        if (status.Value != hpa.Status)
            await api.UpdateStatusAsync(hpa with { Status = status.Value }, cancellation).ConfigureAwait(false);
        return ReconcileResult.After(Period);
    }

    private async Task DecideAsync(HorizontalPodAutoscaler hpa, AutoscalerStatus status, CancellationToken cancellation)
    {
        ScaleTarget target;
        try
        {
            target = await ScaleTarget.ReadAsync(api, await ServedAsync(cancellation).ConfigureAwait(false), hpa.Spec.ScaleTargetRef, hpa.Metadata.Namespace, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception error) when (error is ApiException or MetricException)
        {
            events.Warning(hpa, "FailedGetScale", error.Message);
            status.Set(AutoscalerStatus.AbleToScale, false, "FailedGetScale", "the HPA controller was unable to get the target's current scale: " + error.Message);
            return;
        }
        status.Set(AutoscalerStatus.AbleToScale, true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
        _history.Begin(hpa.FullName(), target.Spec);

        var (current, least) = (target.Spec, hpa.Spec.MinReplicas ?? 1);
        var statuses = new List<MetricStatus>();
        int desired;
        string reason;
        if (current == 0 && least != 0)
        {
            // Who sets a size of zero by hand turns the autoscaler off.
            status.Set(AutoscalerStatus.ScalingActive, false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
            (desired, reason) = (0, "");
        }
        else if (current > hpa.Spec.MaxReplicas)
            (desired, reason) = (hpa.Spec.MaxReplicas, "Current number of replicas above Spec.MaxReplicas");
        else if (current < least)
            (desired, reason) = (least, "Current number of replicas below Spec.MinReplicas");
        else if (await AskMetricsAsync(hpa, target, status, statuses, cancellation).ConfigureAwait(false) is { } asked)
            (desired, reason) = Limit(hpa, current, least, asked, status);
        else
        {
            status.Sizes(target.Status, hpa.Status.DesiredReplicas, statuses, scaled: false);
            return;
        }
        await ScaleAsync(hpa, target, desired, reason, status, statuses, cancellation).ConfigureAwait(false);
    }

    private (int Desired, string Reason) Limit(HorizontalPodAutoscaler hpa, int current, int least, MetricProposal asked, AutoscalerStatus status)
    {
        var limited = new ScalingLimits(_history).Apply(hpa, current, asked.Replicas, least);
        status.Set(AutoscalerStatus.AbleToScale, true, limited.Able.Reason, limited.Able.Message);
        if (limited.Limit is { } limit)
            status.Set(AutoscalerStatus.ScalingLimited, true, limit.Reason, limit.Message);
        else
            status.Set(AutoscalerStatus.ScalingLimited, false, "DesiredWithinRange", "the desired count is within the acceptable range");
        return (limited.Replicas, asked.Replicas > current ? asked.Name + " above target" : asked.Replicas < current ? "All metrics below target" : "");
    }

    private async Task ScaleAsync(HorizontalPodAutoscaler hpa, ScaleTarget target, int desired, string reason, AutoscalerStatus status, List<MetricStatus> statuses,
        CancellationToken cancellation)
    {
        if (desired == target.Spec)
        {
            status.Sizes(target.Status, desired, statuses, scaled: false);
            return;
        }
        try
        {
            await target.ScaleAsync(desired, cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused)
        {
            events.Warning(hpa, "FailedRescale", $"New size: {desired}; reason: {reason}; error: {refused.Message}");
            status.Set(AutoscalerStatus.AbleToScale, false, "FailedUpdateScale", "the HPA controller was unable to update the target scale: " + refused.Message);
            status.Sizes(target.Status, hpa.Status.DesiredReplicas, statuses, scaled: false);
            return;
        }
        status.Set(AutoscalerStatus.AbleToScale, true, "SucceededRescale", $"the HPA controller was able to update the target scale to {desired}");
        events.Normal(hpa, "SuccessfulRescale", $"New size: {desired}; reason: {reason}");
        _history.Scaled(hpa.FullName(), target.Spec, desired);
        status.Sizes(target.Status, desired, statuses, scaled: true);
    }

    /// <summary>The largest of what the metrics ask for. Null: nothing can be concluded, since no metric can be had, or since one that cannot
    /// might have forbidden to scale down.</summary>
    private async Task<MetricProposal?> AskMetricsAsync(HorizontalPodAutoscaler hpa, ScaleTarget target, AutoscalerStatus status, List<MetricStatus> statuses,
        CancellationToken cancellation)
    {
        if (Select(hpa, target, status) is not { } selector)
            return null;
        target = target.WithSelector(selector);
        MetricProposal? most = null;
        MetricFailureException? first = null;
        var failures = 0;
        foreach (var spec in hpa.Spec.Metrics)
        {
            try
            {
                var proposal = await _metrics.ProposeAsync(spec, target, ToleranceOf(hpa), cancellation).ConfigureAwait(false);
                statuses.Add(proposal.Status);
                if (most is null || proposal.Replicas > most.Replicas)
                    most = proposal;
            }
            catch (MetricFailureException failure)
            {
                failures++;
                first ??= failure;
                events.Warning(hpa, failure.Reason, failure.Cause);
            }
        }
        if (first is not null)
        {
            var problem = $"invalid metrics ({failures} invalid out of {hpa.Spec.Metrics.Count}), first error is: {first.Message}";
            if (most is null || most.Replicas < target.Spec)
            {
                status.Set(AutoscalerStatus.ScalingActive, false, first.Reason, "the HPA was unable to compute the replica count: " + first.Cause);
                events.Warning(hpa, "FailedComputeMetricsReplicas", problem);
                return null;
            }
        }
        if (most is null)
            return null;
        status.Set(AutoscalerStatus.ScalingActive, true, "ValidMetricFound", $"the HPA was able to successfully calculate a replica count from {most.Name}");
        return most;
    }

    private Selector? Select(HorizontalPodAutoscaler hpa, ScaleTarget target, AutoscalerStatus status)
    {
        if (target.SelectorText.Length == 0)
            return Refuse("SelectorRequired", "InvalidSelector", "selector is required", "the HPA target's scale is missing a selector");
        if (!Selector.TryParse(target.SelectorText, out var selector, out var error))
        {
            var message = "couldn't convert selector into a corresponding internal selector object: " + error;
            return Refuse("InvalidSelector", "InvalidSelector", message, message);
        }
        _selectors[hpa.FullName()] = selector;
        var rivals = Rivals(hpa, selector);
        if (rivals.Count == 1)
            return selector;
        var shared = $"pods by selector {selector} are controlled by multiple HPAs: [{string.Join(' ', rivals)}]";
        return Refuse("AmbiguousSelector", "AmbiguousSelector", shared, shared);

        Selector? Refuse(string eventReason, string reason, string text, string condition)
        {
            events.Warning(hpa, eventReason, text);
            status.Set(AutoscalerStatus.ScalingActive, false, reason, condition);
            events.Warning(hpa, "FailedComputeMetricsReplicas", text);
            return null;
        }
    }

    /// <summary>The autoscalers whose targets have some of the same pods, this one included: none of them may scale by what all do.</summary>
    private List<NamespacedName> Rivals(HorizontalPodAutoscaler hpa, Selector selector)
    {
        var own = hpa.FullName();
        var others = _selectors.Where(s => s.Key.Namespace == own.Namespace && s.Key != own).ToList();
        if (others.Count == 0)
            return [own];
        var shared = pods.List(own.Namespace, selector);
        return [.. others.Where(o => shared.Any(p => o.Value.Matches(p.Metadata.Labels))).Select(o => o.Key).Append(own).OrderBy(n => n.Name, StringComparer.Ordinal)];
    }

    private static Tolerance ToleranceOf(HorizontalPodAutoscaler hpa) => new(
        hpa.Spec.Behavior?.ScaleDown?.Tolerance?.ToDouble() ?? DefaultTolerance, hpa.Spec.Behavior?.ScaleUp?.Tolerance?.ToDouble() ?? DefaultTolerance);

    private async Task<IReadOnlyList<ServedResource>> ServedAsync(CancellationToken cancellation)
    {
        if (_discovery is { } known && clock.GetElapsedTime(known.At) < Rediscovery)
            return known.Served;
        var served = await api.ServerResourcesAsync(cancellation).ConfigureAwait(false);
        _discovery = (served, clock.GetTimestamp());
        return served;
    }
}
