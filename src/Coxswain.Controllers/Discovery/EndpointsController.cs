using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps the older, single Endpoints object of every service with a selector.</summary>
internal sealed class EndpointsController(IApiClient api, Lister<Service> services, Lister<Pod> pods, Lister<Endpoints> endpoints,
    EventRecorder events) : IReconciler
{
    private const string Headless = "service.kubernetes.io/headless";
    private const string ManagedBy = "endpoints.kubernetes.io/managed-by";
    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity";
    private const int Capacity = 1000;

    // Services that there were: with them go endpoints written by hand, too.
    private readonly System.Collections.Concurrent.ConcurrentDictionary<NamespacedName, bool> _seen = new();

    public static IReconciler Make(ControllerContext c) =>
        new EndpointsController(c.Api, c.Lister<Service>(), c.Lister<Pod>(), c.Lister<Endpoints>(), c.Events("endpoint-controller"));

    /// <summary>Endpoints have the name of their service. Those that somebody writes by hand, perhaps before the service, are theirs.</summary>
    public static IEnumerable<NamespacedName> ServiceOf(ControllerContext c, Endpoints changed) =>
        changed.Metadata.Labels.ContainsKey(ManagedBy) ? [changed.FullName()] : [];

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (services.Find(name) is not { } service)
        {
            await DeleteAsync(name, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        _seen[name] = true;
        if (service.Spec.Selector.Count == 0 || service.Spec.Type == ServiceType.ExternalName)
            return ReconcileResult.Done;
        var there = endpoints.Find(name);
        var wanted = Render(service, there);
        if (there is not null && there.Subsets == wanted.Subsets && there.Metadata.Labels == wanted.Metadata.Labels
            && there.Metadata.Annotations == wanted.Metadata.Annotations)
            return ReconcileResult.Done;
        try
        {
            if (there is null)
                await api.CreateAsync(wanted, cancellation).ConfigureAwait(false);
            else
                await api.UpdateAsync(wanted, cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused) when (PodControl.IsNamespaceTerminating(refused))
        {
            return ReconcileResult.Done;
        }
        catch (ApiException refused) when (refused.Code != 409)
        {
            var action = there is null ? "Create" : "Update";
            events.Warning(service, $"FailedTo{action}Endpoint", $"Failed to {action.ToLowerInvariant()} endpoint {name}: {refused.Message}");
            throw;
        }
        return ReconcileResult.Done;
    }

    private Endpoints Render(Service service, Endpoints? there)
    {
        var addresses = new List<(EndpointAddress Address, bool Ready, ApiList<EndpointPort> Ports)>();
        var family = service.Spec.IpFamilies.Count > 0 ? service.Spec.IpFamilies[0] : IPFamily.IPv4;
        foreach (var pod in ServicePods.Of(service, pods))
        {
            // Unlike slices, this object has no word for pods that are ending.
            if (ServicePods.AddressOf(pod, family) is not { } ip
                || pod.Metadata.DeletionTimestamp is not null && !service.Spec.PublishNotReadyAddresses)
                continue;
            addresses.Add((new()
            {
                Ip = ip,
                Hostname = ServicePods.HostnameOf(service, pod) ?? "",
                NodeName = pod.Spec.NodeName.Length > 0 ? pod.Spec.NodeName : null,
                TargetRef = ServicePods.ReferenceTo(pod),
            }, service.Spec.PublishNotReadyAddresses || PodFacts.IsReady(pod), PortsOf(service, pod)));
        }
        var truncated = addresses.Count > Capacity;
        var shown = truncated ? addresses.OrderByDescending(a => a.Ready).Take(Capacity) : addresses;

        var labels = service.Metadata.Labels.With(ManagedBy, "endpoint-controller");
        labels = ServicePods.IsHeadless(service) ? labels.With(Headless, "") : labels.Without(Headless);
        var annotations = there?.Metadata.Annotations ?? default;
        annotations = truncated ? annotations.With(OverCapacity, "truncated") : annotations.Without(OverCapacity);
        return new()
        {
            Metadata = (there?.Metadata ?? new ObjectMeta { Namespace = service.Metadata.Namespace, Name = service.Metadata.Name }) with
            {
                Labels = labels,
                Annotations = annotations,
            },
            Subsets = Pack(shown),
        };
    }

    /// <summary>One subset for each set of ports, everything in a fixed order so that equal content is equal.</summary>
    private static ApiList<EndpointSubset> Pack(IEnumerable<(EndpointAddress Address, bool Ready, ApiList<EndpointPort> Ports)> addresses) =>
        addresses.GroupBy(a => a.Ports)
            .Select(group => new EndpointSubset
            {
                Addresses = Sorted(group.Where(a => a.Ready).Select(a => a.Address)),
                NotReadyAddresses = Sorted(group.Where(a => !a.Ready).Select(a => a.Address)),
                Ports = group.Key,
            })
            .OrderBy(s => string.Join(',', s.Ports.Select(p => $"{p.Port}/{p.Protocol}/{p.Name}")), StringComparer.Ordinal)
            .ToApiList();

    private static ApiList<EndpointAddress> Sorted(IEnumerable<EndpointAddress> addresses)
    {
        var sorted = addresses.OrderBy(a => a.Ip, StringComparer.Ordinal).ThenBy(a => a.TargetRef?.Uid, StringComparer.Ordinal).ToApiList();
        return sorted.Count == 0 ? default : sorted;
    }

    private static ApiList<EndpointPort> PortsOf(Service service, Pod pod)
    {
        var ports = new List<EndpointPort>();
        foreach (var port in service.Spec.Ports)
        {
            if (ServicePods.TargetPort(port, pod) is { } number)
                ports.Add(new()
                {
                    Name = port.Name,
                    Port = number,
                    Protocol = port.Protocol.Length == 0 ? Protocol.TCP : port.Protocol,
                    AppProtocol = port.AppProtocol,
                });
        }
        return ports.Count == 0 ? default : ports.OrderBy(p => p.Port).ThenBy(p => p.Name, StringComparer.Ordinal).ToApiList();
    }

    private async Task DeleteAsync(NamespacedName name, CancellationToken cancellation)
    {
        var hadService = _seen.ContainsKey(name);
        if (endpoints.Find(name) is { } left && (hadService || left.Metadata.Labels.ContainsKey(ManagedBy)))
        {
            try
            {
                await api.DeleteAsync<Endpoints>(name, new() { Preconditions = new() { Uid = left.Metadata.Uid } }, cancellation).ConfigureAwait(false);
            }
            catch (ApiException gone) when (gone.Code == 404)
            {
                // What was wanted.
            }
        }
        _seen.TryRemove(name, out _);
    }
}
