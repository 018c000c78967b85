using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <param name="Replicas">How many the metric asks for.</param>
/// <param name="Utilization">In percent of the requests; null for values.</param>
/// <param name="Average">Of one pod, in thousandths.</param>
internal readonly record struct ReplicaProposal(int Replicas, int? Utilization, long Average);

/// <summary>How far a ratio may be from one before anything is scaled.</summary>
internal readonly record struct Tolerance(double Down, double Up)
{
    public bool Covers(double ratio) => ratio >= 1 - Down && ratio <= 1 + Up;
}

/// <summary>From usage to replicas. Pods that do not tell, or that cannot serve yet, count such that the scaling becomes smaller, never such that
/// it turns around.</summary>
internal sealed class ReplicaCalculator(Lister<Pod> pods, TimeProvider clock)
{
    /// <summary>A starting pod's use of the processor says nothing.</summary>
    private static readonly TimeSpan CpuInitialization = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan InitialReadiness = TimeSpan.FromSeconds(30);

    /// <summary>For a share of what the pods request.</summary>
    public ReplicaProposal ByUtilization(int current, int target, string resource, string? container, string ns, Selector selector,
        Dictionary<string, PodMetric> metrics, Tolerance tolerance)
    {
        var matching = Pods(ns, selector);
        var groups = Group(matching, metrics, resource);
        // Who has no request cannot use a share of it; that is a mistake the user must see, whichever pod it is.
        var requests = matching.ToDictionary(p => p.Metadata.Name, p => RequestOf(p, resource, container), StringComparer.Ordinal);
        var known = metrics.Where(m => !groups.Excluded(m.Key) && requests.ContainsKey(m.Key)).ToDictionary(m => m.Key, m => m.Value.Value, StringComparer.Ordinal);
        if (known.Count == 0)
            throw new MetricException("did not receive metrics for targeted pods (pods might be unready)");

        double Ratio(out int utilization)
        {
            var requested = known.Keys.Sum(pod => requests[pod]);
            if (requested == 0)
                throw new MetricException("no metrics returned matched known pods");
            utilization = (int)(known.Values.Sum() * 100 / requested);
            return (double)utilization / target;
        }

        var ratio = Ratio(out var now);
        var average = known.Values.Sum() / known.Count;
        var replicas = Replicas(current, ratio, tolerance, groups, known, pod => requests[pod] * Math.Max(100, target) / 100, () => Ratio(out _));
        return new(replicas, now, average);
    }

    /// <summary>For an average over the pods.</summary>
    /// <param name="resource">Empty for metrics that are no resource.</param>
    public ReplicaProposal ByAverage(int current, long target, string resource, string ns, Selector selector, Dictionary<string, PodMetric> metrics, Tolerance tolerance)
    {
        var groups = Group(Pods(ns, selector), metrics, resource);
        var known = metrics.Where(m => !groups.Excluded(m.Key)).ToDictionary(m => m.Key, m => m.Value.Value, StringComparer.Ordinal);
        if (known.Count == 0)
            throw new MetricException("did not receive metrics for targeted pods (pods might be unready)");
        double Ratio() => (double)(known.Values.Sum() / known.Count) / target;
        var average = known.Values.Sum() / known.Count;
        return new(Replicas(current, Ratio(), tolerance, groups, known, _ => target, Ratio), null, average);
    }

    /// <summary>For a value that the ready pods share.</summary>
    public int ByValue(int current, long usage, long target, string ns, Selector selector, Tolerance tolerance)
    {
        var ratio = (double)usage / target;
        if (current == 0)
            return Whole(ratio);
        if (tolerance.Covers(ratio))
            return current;
        if (pods.List(ns, selector) is not { Count: > 0 } matching)
            throw new MetricException("unable to calculate ready pods: no pods returned by selector while calculating replica count");
        return Whole(ratio * matching.Count(p => p.Status.Phase == PodPhase.Running && PodFacts.IsReady(p)));
    }

    /// <summary>For a value of which each pod is to have a part.</summary>
    public static (int Replicas, long Average) ByPart(int current, long usage, long target, Tolerance tolerance)
    {
        var ratio = current == 0 ? double.PositiveInfinity : usage / ((double)target * current);
        var replicas = current > 0 && tolerance.Covers(ratio) ? current : Whole((double)usage / target);
        return (replicas, current == 0 ? usage : (long)Math.Ceiling((double)usage / current));
    }

    private static int Replicas(int current, double ratio, Tolerance tolerance, PodGroups groups, Dictionary<string, long> known,
        Func<string, long> full, Func<double> again)
    {
        var withUnready = groups.Unready.Count > 0 && ratio > 1;
        if (!withUnready && groups.Missing.Count == 0)
            return tolerance.Covers(ratio) ? current : Whole(ratio * groups.Ready);
        // Who does not tell is taken for busy when there seem to be too many pods, and for idle when there seem to be too few.
        foreach (var missing in groups.Missing)
        {
            if (ratio != 1)
                known[missing] = ratio < 1 ? full(missing) : 0;
        }
        if (withUnready)
        {
            foreach (var unready in groups.Unready)
                known[unready] = 0;
        }
        var corrected = again();
        if (tolerance.Covers(corrected) || ratio < 1 && corrected > 1 || ratio > 1 && corrected < 1)
            return current;
        var replicas = Whole(corrected * known.Count);
        return corrected < 1 && replicas > current || corrected > 1 && replicas < current ? current : replicas;
    }

    private IReadOnlyList<Pod> Pods(string ns, Selector selector) => pods.List(ns, selector) is { Count: > 0 } matching
        ? matching
        : throw new MetricException("no pods returned by selector while calculating replica count");

    private PodGroups Group(IReadOnlyList<Pod> matching, Dictionary<string, PodMetric> metrics, string resource)
    {
        var groups = new PodGroups();
        foreach (var pod in matching)
        {
            var name = pod.Metadata.Name;
            if (pod.Metadata.DeletionTimestamp is not null || pod.Status.Phase == PodPhase.Failed)
                groups.Ignored.Add(name);
            else if (pod.Status.Phase == PodPhase.Pending)
                groups.Unready.Add(name);
            else if (!metrics.TryGetValue(name, out var metric))
                groups.Missing.Add(name);
            else if (resource == "cpu" && IsStarting(pod, metric))
                groups.Unready.Add(name);
            else
                groups.Ready++;
        }
        return groups;
    }

    private bool IsStarting(Pod pod, PodMetric metric)
    {
        if (PodFacts.Condition(pod, PodConditionType.Ready) is not { LastTransitionTime: { } changed } ready || pod.Status.StartTime is not { } started)
            return true;
        if (started + CpuInitialization > clock.GetUtcNow())
            // What was measured in part before the pod became ready is the start's doing.
            return ready.Status == ConditionStatus.False || metric.Timestamp < changed + metric.Window;
        return ready.Status == ConditionStatus.False && started + InitialReadiness > changed;
    }

    private static long RequestOf(Pod pod, string resource, string? container)
    {
        long sum = 0;
        var sidecars = pod.Spec.InitContainers.Where(c => c.RestartPolicy == ContainerRestartPolicy.Always);
        foreach (var one in pod.Spec.Containers.Concat(sidecars))
        {
            if (container is not null && one.Name != container)
                continue;
            if (!one.Resources.Requests.TryGetValue(resource, out var request))
                throw new MetricException($"missing request for {resource} in container {one.Name} of Pod {pod.Metadata.Name}");
            sum += request.MilliValue;
        }
        return sum;
    }

    private static int Whole(double replicas) => replicas >= int.MaxValue ? int.MaxValue : (int)Math.Ceiling(replicas);

    private sealed class PodGroups
    {
        public int Ready { get; set; }
        public HashSet<string> Unready { get; } = new(StringComparer.Ordinal);
        public HashSet<string> Missing { get; } = new(StringComparer.Ordinal);
        public HashSet<string> Ignored { get; } = new(StringComparer.Ordinal);

        public bool Excluded(string pod) => Unready.Contains(pod) || Ignored.Contains(pod);
    }
}
