using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>Environment variables that tell a container where services are, in upstream's two spellings.</summary>
internal static class ServiceEnvironment
{
    /// <summary>Variables of the API server's service always, and of all services of the pod's namespace when it wants links.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> For(string podNamespace, bool enableServiceLinks, IEnumerable<Service> services)
    {
        var chosen = new SortedDictionary<string, Service>(StringComparer.Ordinal);
        foreach (var service in services)
        {
            if (service.Spec.ClusterIP is "" or "None")
                continue;
            if (enableServiceLinks && string.Equals(service.Metadata.Namespace, podNamespace, StringComparison.Ordinal))
                chosen[service.Metadata.Name] = service;
            else if (service.Metadata is { Namespace: "default", Name: "kubernetes" })
                chosen.TryAdd(service.Metadata.Name, service);
        }

        var variables = new List<KeyValuePair<string, string>>();
        foreach (var service in chosen.Values)
            Add(variables, service);
        return variables;
    }

    private static void Add(List<KeyValuePair<string, string>> variables, Service service)
    {
        var ports = service.Spec.Ports;
        if (ports.Count == 0)
            return;
        var prefix = Name(service.Metadata.Name);
        var address = service.Spec.ClusterIP;
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        Set($"{prefix}_SERVICE_HOST", address);
        Set($"{prefix}_SERVICE_PORT", $"{ports[0].Port}");
        foreach (var port in ports)
        {
            if (port.Name.Length > 0)
                Set($"{prefix}_SERVICE_PORT_{Name(port.Name)}", $"{port.Port}");
        }

        for (var i = 0; i < ports.Count; i++)
        {
            var protocol = ports[i].Protocol is "" ? "TCP" : ports[i].Protocol;
            var lower = protocol.ToLowerInvariant();
            var portPrefix = $"{prefix}_PORT_{ports[i].Port}_{protocol.ToUpperInvariant()}";
            if (i == 0)
                Set($"{prefix}_PORT", $"{lower}://{host}:{ports[i].Port}");
            Set(portPrefix, $"{lower}://{host}:{ports[i].Port}");
            Set($"{portPrefix}_PROTO", lower);
            Set($"{portPrefix}_PORT", $"{ports[i].Port}");
            Set($"{portPrefix}_ADDR", address);
        }

        void Set(string name, string value) => variables.Add(new(name, value));
    }

    private static string Name(string name) => name.ToUpperInvariant().Replace('-', '_');
}
