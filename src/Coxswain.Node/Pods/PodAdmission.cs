using Coxswain.Api.Core.V1;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Pods;

/// <summary>Whether a pod that was sent here can live here. The scheduler has looked already, but it may have been late, or somebody else.</summary>
internal static class PodAdmission
{
    /// <summary>Why not, in upstream's reasons; null when it can.</summary>
    public static PodEnd? Check(Pod pod, IReadOnlyList<Pod> active, NodeObject node)
    {
        if (pod.Spec.NodeName != node.Metadata.Name)
            return Refuse("NodeName", "Predicate NodeName failed: node(s) didn't match the requested node name");
        if (!MatchesNode(pod, node))
            return Refuse("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
        if (PortsTaken(pod, active))
            return Refuse("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");
        if (!ToleratesNode(pod, node))
            return Refuse("TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate");
        return CheckResources(pod, active, node);
    }

    private static PodEnd? CheckResources(Pod pod, IReadOnlyList<Pod> active, NodeObject node)
    {
        var capacity = node.Status.Allocatable;
        if (capacity.TryGetValue("pods", out var pods) && active.Count + 1 > pods.Value)
            return OutOf("pods", 1, active.Count, pods.Value);

        var used = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var other in active)
        {
            foreach (var (name, milli) in PodResources.Requests(other))
                used[name] = used.GetValueOrDefault(name) + milli;
        }

        foreach (var (name, requested) in PodResources.Requests(pod).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (requested == 0)
                continue;
            var has = capacity.TryGetValue(name, out var quantity) ? quantity.MilliValue : 0;
            // What the node does not even list is nobody's to refuse here, unless it is one of its own resources.
            if (has == 0 && !capacity.ContainsKey(name) && name is not ("cpu" or "memory" or "ephemeral-storage") && !name.Contains('/', StringComparison.Ordinal))
                continue;
            var inUse = used.GetValueOrDefault(name);
            if (requested + inUse > has)
            {
                // Processors are counted in thousandths, everything else in its unit.
                var unit = name == "cpu" ? 1 : 1000;
                return OutOf(name, requested / unit, inUse / unit, has / unit);
            }
        }

        return null;
    }

    private static PodEnd OutOf(string resource, long requested, long used, long capacity) => Refuse(
        "OutOf" + resource,
        $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}");

    private static PodEnd Refuse(string reason, string message) => new(PodPhase.Failed, reason, message);

    private static bool PortsTaken(Pod pod, IReadOnlyList<Pod> active)
    {
        var wanted = HostPorts(pod).ToArray();
        return wanted.Length > 0 && active.SelectMany(HostPorts).Any(taken => wanted.Any(port =>
            port.Port == taken.Port && port.Protocol == taken.Protocol
            && (port.Address == taken.Address || IsAny(port.Address) || IsAny(taken.Address))));

        static bool IsAny(string address) => address is "" or "0.0.0.0" or "::";
    }

    private static IEnumerable<(int Port, string Protocol, string Address)> HostPorts(Pod pod) =>
        from container in pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(PodContainers.IsSidecar))
        from port in container.Ports
        where port.HostPort > 0
        select (port.HostPort, port.Protocol.Length == 0 ? "TCP" : port.Protocol, port.HostIP);

    private static bool ToleratesNode(Pod pod, NodeObject node) => node.Spec.Taints
        .Where(taint => taint.Effect == TaintEffect.NoExecute)
        .All(taint => pod.Spec.Tolerations.Any(toleration => Tolerates(toleration, taint)));

    private static bool Tolerates(Toleration toleration, Taint taint)
    {
        if (toleration.Effect.Length > 0 && toleration.Effect != taint.Effect)
            return false;
        if (toleration.Key.Length > 0 && toleration.Key != taint.Key)
            return false;
        return toleration.Operator switch
        {
            "Exists" => true,
            "" or "Equal" => toleration.Key.Length > 0 && toleration.Value == taint.Value,
            _ => false,
        };
    }

    private static bool MatchesNode(Pod pod, NodeObject node)
    {
        foreach (var (key, value) in pod.Spec.NodeSelector)
        {
            if (node.Metadata.Labels.GetValueOrDefault(key) != value)
                return false;
        }

        // Alternatives: one term has to hold. A term without conditions holds for nothing.
        return pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || required.NodeSelectorTerms.Any(term => term.MatchExpressions.Count + term.MatchFields.Count > 0
                && term.MatchExpressions.All(e => Holds(e, node.Metadata.Labels.GetValueOrDefault(e.Key)))
                && term.MatchFields.All(e => e.Key == "metadata.name" && Holds(e, node.Metadata.Name)));
    }

    private static bool Holds(NodeSelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && requirement.Values.Contains(value),
        "NotIn" => value is null || !requirement.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Number(value) is { } number && Number(requirement.Values[0]) is { } bound && number > bound,
        "Lt" => Number(value) is { } number && Number(requirement.Values[0]) is { } bound && number < bound,
        _ => false,
    };

    private static long? Number(string? text) =>
        long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;
}
