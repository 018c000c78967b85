using System.Net;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Client;
using Coxswain.Dns.Wire;
using EndpointPort = Coxswain.Api.Discovery.V1.EndpointPort;

namespace Coxswain.Dns;

/// <summary>An answer from what this server itself knows.</summary>
public sealed record DnsAnswer(
    DnsResponseCode Code, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authority, IReadOnlyList<DnsRecord> Additional);

/// <summary>Answers for the names of a cluster, as the Kubernetes DNS-Based Service Discovery specification (1.1.0) lays down.</summary>
/// <remarks>Reads the listers at each question, so there is nothing to keep in step. Thread-safe.</remarks>
public sealed class ClusterZone
{
    private const string ByService = "dns.service";
    private const string ByAddress = "dns.address";

    /// <summary>Seconds; short, since endpoints come and go.</summary>
    private const uint Ttl = 5;

    private readonly string _zone;
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly Informer<Namespace> _namespaces;
    private readonly TimeProvider _clock;

    /// <param name="domain">The cluster's domain, such as cluster.local.</param>
    public ClusterZone(string domain, InformerFactory informers, TimeProvider clock)
    {
        _zone = domain.TrimEnd('.').ToLowerInvariant();
        _clock = clock;
        _services = informers.Informer<Service>();
        _slices = informers.Informer<EndpointSlice>();
        _namespaces = informers.Informer<Namespace>();
        _services.AddIndex(ByAddress, s => s.Spec.ClusterIPs.Concat(s.Spec.ExternalIPs));
        _slices.AddIndex(ByService, s => s.Metadata.Labels.TryGetValue("kubernetes.io/service-name", out var name) ? [$"{s.Metadata.Namespace}/{name}"] : []);
        _slices.AddIndex(ByAddress, s => s.Endpoints.SelectMany(e => e.Addresses));
    }

    /// <summary>Whether the zone knows all that there is; before, it must not deny that a name exists.</summary>
    public bool HasSynced => _services.HasSynced && _slices.HasSynced && _namespaces.HasSynced;

    /// <summary>The answer, or null if the name is somebody else's.</summary>
    public DnsAnswer? Resolve(string name, DnsType type)
    {
        if (name == _zone || name.EndsWith('.' + _zone, StringComparison.Ordinal))
            return Forward(name, type);
        return Reverse(name, type);
    }

    private DnsAnswer Forward(string name, DnsType type)
    {
        if (name == _zone)
            return Found(type is DnsType.Soa or DnsType.Any ? [Soa()] : []);
        var labels = name[..^(_zone.Length + 1)].Split('.');
        if (labels is ["dns-version"])
            return Found(type is DnsType.Txt or DnsType.Any ? [new TxtRecord(name, Ttl, "1.1.0")] : []);
        return labels[^1] switch
        {
            "svc" => ServiceName(name, labels.AsSpan(..^1), type),
            "pod" => PodName(name, labels.AsSpan(..^1), type),
            _ => NotFound(),
        };
    }

    private DnsAnswer ServiceName(string name, ReadOnlySpan<string> labels, DnsType type)
    {
        if (labels.Length == 0)
            return Found([]);
        var ns = labels[^1];
        if (labels.Length == 1)
            return NamespaceExists(ns) ? Found([]) : NotFound();
        if (_services.Lister.Find(new(ns, labels[^2])) is not { } service)
            return NotFound();

        var rest = labels[..^2];
        if (service.Spec.Type == "ExternalName")
        {
            return rest.Length == 0
                ? Found([new NameRecord(name, Ttl, DnsType.Cname, service.Spec.ExternalName.TrimEnd('.').ToLowerInvariant())])
                : NotFound();
        }

        var headless = service.Spec.ClusterIP is "None" or "";
        if (rest.Length == 0)
            return Found(Addresses(name, headless ? EndpointAddresses(service) : service.Spec.ClusterIPs, type));
        if (rest is [['_', .. var port], ['_', .. var protocol]])
            return PortName(name, service, headless, port, protocol, type);
        if (rest.Length == 1 && headless)
        {
            var host = rest[0];
            var named = Endpoints(service).Where(e => HostName(e.Endpoint) == host).SelectMany(e => e.Endpoint.Addresses).Distinct().ToList();
            return named.Count > 0 ? Found(Addresses(name, named, type)) : NotFound();
        }

        return NotFound();
    }

    private DnsAnswer PortName(string name, Service service, bool headless, string port, string protocol, DnsType type)
    {
        var serviceName = $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{_zone}";
        var answers = new List<DnsRecord>();
        var additional = new List<DnsRecord>();
        if (headless)
        {
            foreach (var (endpoint, ports) in Endpoints(service))
            {
                foreach (var endpointPort in ports)
                {
                    if (!Matches(endpointPort.Name ?? "", endpointPort.Protocol ?? "TCP") || endpointPort.Port is not { } number)
                        continue;
                    var target = $"{HostName(endpoint)}.{serviceName}";
                    answers.Add(new SrvRecord(name, Ttl, 0, 100, (ushort)number, target));
                    additional.AddRange(Addresses(target, endpoint.Addresses, DnsType.Any));
                }
            }
        }
        else
        {
            foreach (var servicePort in service.Spec.Ports)
            {
                if (Matches(servicePort.Name, servicePort.Protocol))
                    answers.Add(new SrvRecord(name, Ttl, 0, 100, (ushort)servicePort.Port, serviceName));
            }

            additional.AddRange(Addresses(serviceName, service.Spec.ClusterIPs, DnsType.Any));
        }

        if (answers.Count == 0)
            return NotFound();
        return type is DnsType.Srv or DnsType.Any ? Found(answers) with { Additional = additional } : Found([]);

        bool Matches(string portName, string portProtocol) =>
            string.Equals(portName, port, StringComparison.OrdinalIgnoreCase) && string.Equals(portProtocol, protocol, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>1-2-3-4.NAMESPACE.pod.ZONE is 1.2.3.4, whether or not there is such a pod, as with upstream's usual configuration.</summary>
    private DnsAnswer PodName(string name, ReadOnlySpan<string> labels, DnsType type)
    {
        if (labels.Length == 0)
            return Found([]);
        if (!NamespaceExists(labels[^1]))
            return NotFound();
        if (labels.Length == 1)
            return Found([]);
        if (labels.Length > 2)
            return NotFound();
        var dashed = labels[0];
        return IPAddress.TryParse(dashed.Count(c => c == '-') == 3 && !dashed.Contains("--", StringComparison.Ordinal) ? dashed.Replace('-', '.') : dashed.Replace('-', ':'), out var address)
            ? Found(Addresses(name, [address.ToString()], type))
            : NotFound();
    }

    private DnsAnswer? Reverse(string name, DnsType type)
    {
        if (ReverseName.Parse(name)?.ToString() is not { } address)
            return null;
        foreach (var service in _services.Lister.ByIndex(ByAddress, address))
            return Pointer($"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{_zone}");
        foreach (var slice in _slices.Lister.ByIndex(ByAddress, address))
        {
            if (!slice.Metadata.Labels.TryGetValue("kubernetes.io/service-name", out var service)
                || _services.Lister.Find(new(slice.Metadata.Namespace, service)) is not { } owner || owner.Spec.ClusterIP != "None")
                continue;
            var endpoint = slice.Endpoints.First(e => e.Addresses.Contains(address));
            return Pointer($"{HostName(endpoint)}.{service}.{slice.Metadata.Namespace}.svc.{_zone}");
        }

        return null;

        DnsAnswer Pointer(string target) => Found(type is DnsType.Ptr or DnsType.Any ? [new NameRecord(name, Ttl, DnsType.Ptr, target)] : []);
    }

    private IEnumerable<(Endpoint Endpoint, ApiList<EndpointPort> Ports)> Endpoints(Service service)
    {
        foreach (var slice in _slices.Lister.ByIndex(ByService, $"{service.Metadata.Namespace}/{service.Metadata.Name}"))
        {
            foreach (var endpoint in slice.Endpoints)
            {
                if (endpoint.Addresses.Count > 0 && (service.Spec.PublishNotReadyAddresses || (endpoint.Conditions.Ready ?? true)))
                    yield return (endpoint, slice.Ports);
            }
        }
    }

    private IEnumerable<string> EndpointAddresses(Service service) => Endpoints(service).SelectMany(e => e.Endpoint.Addresses).Distinct();

    private static string HostName(Endpoint endpoint) =>
        string.IsNullOrEmpty(endpoint.Hostname) ? endpoint.Addresses[0].Replace('.', '-').Replace(':', '-') : endpoint.Hostname.ToLowerInvariant();

    private static List<DnsRecord> Addresses(string name, IEnumerable<string> addresses, DnsType type)
    {
        var records = new List<DnsRecord>();
        foreach (var text in addresses)
        {
            if (IPAddress.TryParse(text, out var address) && new AddressRecord(name, Ttl, address) is var record && (type == DnsType.Any || type == record.Type))
                records.Add(record);
        }

        return records;
    }

    private bool NamespaceExists(string ns) => _namespaces.Lister.Find(new("", ns)) is not null;

    private SoaRecord Soa() =>
        new(_zone, Ttl, $"ns.dns.{_zone}", $"hostmaster.{_zone}", (uint)_clock.GetUtcNow().ToUnixTimeSeconds(), Ttl);

    private DnsAnswer Found(IReadOnlyList<DnsRecord> answers) =>
        new(DnsResponseCode.NoError, answers, answers.Count > 0 ? [] : [Soa()], []);

    private DnsAnswer NotFound() => new(DnsResponseCode.NameError, [], [Soa()], []);
}
