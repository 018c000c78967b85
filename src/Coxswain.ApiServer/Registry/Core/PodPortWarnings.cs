using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Ports of the containers of one pod that stand in each other's way.</summary>
internal static class PodPortWarnings
{
    public static void Add(PodSpec spec, FieldPath path, ICollection<string> warnings)
    {
        var ports = new List<(FieldPath Path, ContainerPort Port, bool Lasts)>();
        PodContainers.VisitLasting(spec, path, (container, at) =>
        {
            // The steps of initialization are over when the others begin.
            var lasts = container.RestartPolicy == "Always" || spec.Containers.AsSpan().Contains(container);
            for (var i = 0; i < container.Ports.Count; i++)
                ports.Add((at.Child("ports").Index(i), container.Ports[i], lasts));
        });
        for (var i = 0; i < ports.Count; i++)
            Conflicts(ports, i, warnings);
        Names(ports, warnings);
    }

    private static void Conflicts(List<(FieldPath Path, ContainerPort Port, bool Lasts)> ports, int index, ICollection<string> warnings)
    {
        var (path, port, _) = ports[index];
        if (port.HostIP.Length > 0 && port.HostPort == 0)
            warnings.Add($"{path}: hostIP set without hostPort: {{Name:{port.Name} HostPort:{port.HostPort} "
                + $"ContainerPort:{port.ContainerPortValue} Protocol:{port.Protocol} HostIP:{port.HostIP}}}");
        for (var i = 0; i < index; i++)
        {
            var (otherPath, other, _) = ports[i];
            if (other.ContainerPortValue != port.ContainerPortValue || other.Protocol != port.Protocol)
                continue;
            if (port.HostIP == other.HostIP && port.HostPort == other.HostPort)
                warnings.Add($"{path}: duplicate port definition with {otherPath}");
            else if (port.HostPort == 0 || other.HostPort == 0)
                warnings.Add($"{path}: overlapping port definition with {otherPath}");
            else if (port.HostPort == other.HostPort && (port.HostIP.Length == 0) != (other.HostIP.Length == 0))
                warnings.Add($"{path}: dangerously ambiguous port definition with {otherPath}");
        }
    }

    private static void Names(List<(FieldPath Path, ContainerPort Port, bool Lasts)> ports, ICollection<string> warnings)
    {
        var first = new Dictionary<string, FieldPath>(StringComparer.Ordinal);
        foreach (var (path, port, lasts) in ports)
            if (lasts && port.Name.Length > 0 && !first.TryAdd(port.Name, path))
                warnings.Add($"{path}: duplicate port name {GoText.Quote(port.Name)} with {first[port.Name]}, "
                    + $"services and probes that select ports by name will use {first[port.Name]}");
    }
}
