using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>Values of the downward API: fields of the pod, and resources of a container.</summary>
internal static class DownwardFields
{
    /// <summary>A field of the pod as text. Fields known only here come from <paramref name="facts"/>.</summary>
    /// <exception cref="FormatException">The path names nothing that may be read; the message is upstream's.</exception>
    public static string Field(Pod pod, string path, PodFacts facts)
    {
        if (path.EndsWith("']", StringComparison.Ordinal) && path.IndexOf("['", StringComparison.Ordinal) is var open and > 0)
        {
            var key = path[(open + 2)..^2];
            return path[..open] switch
            {
                "metadata.annotations" => pod.Metadata.Annotations.GetValueOrDefault(key) ?? "",
                "metadata.labels" => pod.Metadata.Labels.GetValueOrDefault(key) ?? "",
                _ => throw new FormatException($"fieldPath {GoText.Quote(path[..open])} does not support subscript"),
            };
        }

        return path switch
        {
            "metadata.annotations" => Format(pod.Metadata.Annotations),
            "metadata.labels" => Format(pod.Metadata.Labels),
            "metadata.name" => pod.Metadata.Name,
            "metadata.namespace" => pod.Metadata.Namespace,
            "metadata.uid" => pod.Metadata.Uid,
            "spec.nodeName" => pod.Spec.NodeName,
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName,
            "status.hostIP" => First(facts.HostIPs),
            "status.hostIPs" => string.Join(',', facts.HostIPs),
            "status.podIP" => First(facts.PodIPs),
            "status.podIPs" => string.Join(',', facts.PodIPs),
            _ => throw new FormatException($"unsupported fieldPath: {path}"),
        };
    }

    /// <summary>A resource of a container, divided and rounded up; a limit that is not set is what the node can give.</summary>
    /// <exception cref="FormatException">The container or the resource is unknown.</exception>
    public static string Resource(Pod pod, Container? own, ResourceFieldSelector selector, IReadOnlyDictionary<string, Quantity> allocatable)
    {
        var container = selector.ContainerName.Length == 0 ? own : PodContainers.Find(pod, selector.ContainerName);
        if (container is null)
            throw new FormatException($"container {selector.ContainerName} not found");

        var dot = selector.Resource.IndexOf('.', StringComparison.Ordinal);
        var side = dot < 0 ? "" : selector.Resource[..dot];
        var name = dot < 0 ? "" : selector.Resource[(dot + 1)..];
        if (side is not ("limits" or "requests")
            || (name is not ("cpu" or "memory" or "ephemeral-storage") && !name.StartsWith("hugepages-", StringComparison.Ordinal)))
        {
            throw new FormatException($"unsupported container resource : {selector.Resource}");
        }

        var value = side == "limits"
            ? Find(container.Resources.Limits, name) ?? Allocatable(name)
            : Find(container.Resources.Requests, name) ?? default;
        if (side == "limits" && value.MilliValue == 0)
            value = Allocatable(name);
        var divisor = selector.Divisor.MilliValue == 0 ? 1000 : selector.Divisor.MilliValue;
        if (name == "cpu")
            return CeilingDivide(value.MilliValue, divisor);
        return CeilingDivide(value.Value, Math.Max(1, (divisor + 999) / 1000));

        Quantity Allocatable(string resource) => allocatable.TryGetValue(resource, out var found) ? found : default;
        static Quantity? Find(ApiMap<Quantity> map, string resource) => map.TryGetValue(resource, out var found) ? found : null;
    }

    private static string CeilingDivide(long value, long divisor) =>
        (value / divisor + (value % divisor > 0 ? 1 : 0)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string First(IReadOnlyList<string> list) => list.Count > 0 ? list[0] : "";

    /// <summary>A map as lines of key="value", sorted by key.</summary>
    public static string Format(ApiMap<string> map) =>
        string.Join('\n', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={GoText.Quote(pair.Value)}"));
}

/// <summary>What only the node knows of a pod while it makes it.</summary>
internal sealed record PodFacts
{
    public IReadOnlyList<string> HostIPs { get; init; } = [];
    public IReadOnlyList<string> PodIPs { get; init; } = [];
}
