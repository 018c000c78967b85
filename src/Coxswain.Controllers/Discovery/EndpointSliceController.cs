using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps, for every service with a selector, slices of the pods behind it.</summary>
internal sealed class EndpointSliceController(IApiClient api, Lister<Service> services, Lister<Pod> pods, Lister<Node> nodes,
    Informer<EndpointSlice> slices, EventRecorder events) : IReconciler
{
    public const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    public const string ServiceName = "kubernetes.io/service-name";
    private const string Manager = "endpointslice-controller.k8s.io";
    private const string Headless = "service.kubernetes.io/headless";
    private const string ByService = "service";

    // The newest version written for a service: until the lister is there, a slice that was just made would be made again.
    private readonly System.Collections.Concurrent.ConcurrentDictionary<NamespacedName, long> _written = new();

    public static IReconciler Make(ControllerContext c)
    {
        var slices = c.Informer<EndpointSlice>();
        slices.AddIndex(ByService, s => s.Metadata.Labels.TryGetValue(ServiceName, out var service) ? [$"{s.Metadata.Namespace}/{service}"] : []);
        return new EndpointSliceController(c.Api, c.Lister<Service>(), c.Lister<Pod>(), c.Lister<Node>(), slices, c.Events("endpoint-slice-controller"));
    }

    /// <summary>A change of one of our slices wakes its service.</summary>
    public static IEnumerable<NamespacedName> ServiceOf(ControllerContext c, EndpointSlice slice) =>
        slice.Metadata.Labels.GetValueOrDefault(ManagedBy) == Manager && slice.Metadata.Labels.TryGetValue(ServiceName, out var service)
            ? [new(slice.Metadata.Namespace, service)]
            : [];

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (services.Find(name) is not { } service)
        {
            _written.TryRemove(name, out _);
            return ReconcileResult.Done;    // the garbage collector takes the slices
        }
        if (service.Spec.Selector.Count == 0 || service.Metadata.DeletionTimestamp is not null || service.Spec.Type == ServiceType.ExternalName)
            return ReconcileResult.Done;
        if (_written.TryGetValue(name, out var written) && Versions.Compare(slices.ResourceVersion, written) < 0)
            return ReconcileResult.After(TimeSpan.FromMilliseconds(5));

        var existing = slices.Lister.ByIndex(ByService, name.ToString())
            .Where(s => s.Metadata.Labels.GetValueOrDefault(ManagedBy) == Manager && s.Metadata.DeletionTimestamp is null).ToList();
        var behind = ServicePods.Of(service, pods);
        var families = service.Spec.IpFamilies.Count > 0 ? service.Spec.IpFamilies : [IPFamily.IPv4];
        var plan = new SlicePlan();
        foreach (var family in families)
            Render(service, family, behind, existing.Where(s => s.AddressType == family), plan);
        plan.Delete.AddRange(existing.Where(s => !families.Contains(s.AddressType)));
        try
        {
            await ApplyAsync(name, service, plan, cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused) when (PodControl.IsNamespaceTerminating(refused))
        {
            return ReconcileResult.Done;
        }
        catch (ApiException refused) when (refused.Code != 409)
        {
            events.Warning(service, "FailedToUpdateEndpointSlices",
                $"Error updating Endpoint Slices for Service {name.Namespace}/{name.Name}: {refused.Message}");
            throw;
        }
        return ReconcileResult.Done;
    }

    private void Render(Service service, string family, List<Pod> behind, IEnumerable<EndpointSlice> existing, SlicePlan plan)
    {
        var wanted = new Dictionary<ApiList<Api.Discovery.V1.EndpointPort>, List<Endpoint>>();
        foreach (var pod in behind)
        {
            if (ServicePods.AddressOf(pod, family) is not { } address)
                continue;
            var ports = PortsOf(service, pod);
            if (!wanted.TryGetValue(ports, out var endpoints))
                wanted[ports] = endpoints = [];
            endpoints.Add(EndpointOf(service, pod, address));
        }
        plan.Add(existing, wanted, ports => Template(service, family, ports));
    }

    private Endpoint EndpointOf(Service service, Pod pod, string address)
    {
        var serving = PodFacts.IsReady(pod);
        var terminating = pod.Metadata.DeletionTimestamp is not null;
        var node = pod.Spec.NodeName.Length > 0 ? nodes.Find(new("", pod.Spec.NodeName)) : null;
        return new()
        {
            Addresses = [address],
            Conditions = new()
            {
                Ready = service.Spec.PublishNotReadyAddresses || serving && !terminating,
                Serving = serving,
                Terminating = terminating,
            },
            Hostname = ServicePods.HostnameOf(service, pod),
            TargetRef = ServicePods.ReferenceTo(pod),
            NodeName = pod.Spec.NodeName.Length > 0 ? pod.Spec.NodeName : null,
            Zone = node?.Metadata.Labels.GetValueOrDefault("topology.kubernetes.io/zone"),
        };
    }

    private static ApiList<Api.Discovery.V1.EndpointPort> PortsOf(Service service, Pod pod)
    {
        var ports = new List<Api.Discovery.V1.EndpointPort>();
        foreach (var port in service.Spec.Ports)
        {
            if (ServicePods.TargetPort(port, pod) is { } number)
                ports.Add(new()
                {
                    Name = port.Name,
                    Protocol = port.Protocol.Length == 0 ? Protocol.TCP : port.Protocol,
                    Port = number,
                    AppProtocol = port.AppProtocol,
                });
        }
        return ports.ToApiList();
    }

    private static EndpointSlice Template(Service service, string family, ApiList<Api.Discovery.V1.EndpointPort> ports) => new()
    {
        Metadata = new()
        {
            Namespace = service.Metadata.Namespace,
            GenerateName = service.Metadata.Name + "-",
            Labels = LabelsOf(service),
            OwnerReferences = [Owners.Controller(service)],
        },
        AddressType = family,
        Ports = ports,
    };

    private static ApiMap<string> LabelsOf(Service service)
    {
        var labels = service.Metadata.Labels.Without(Headless).With(ServiceName, service.Metadata.Name).With(ManagedBy, Manager);
        return ServicePods.IsHeadless(service) ? labels.With(Headless, "") : labels;
    }

    private async Task ApplyAsync(NamespacedName name, Service service, SlicePlan plan, CancellationToken cancellation)
    {
        foreach (var slice in plan.Create)
            Note(name, await api.CreateAsync(slice, cancellation).ConfigureAwait(false));
        foreach (var slice in plan.Update)
        {
            var wanted = slice with { Metadata = slice.Metadata with { Labels = LabelsOf(service) } };
            Note(name, await api.UpdateAsync(wanted, cancellation).ConfigureAwait(false));
        }
        foreach (var slice in plan.Keep.Where(s => s.Metadata.Labels != LabelsOf(service)))
            Note(name, await api.UpdateAsync(slice with { Metadata = slice.Metadata with { Labels = LabelsOf(service) } }, cancellation).ConfigureAwait(false));
        foreach (var slice in plan.Delete)
        {
            try
            {
                await api.DeleteAsync<EndpointSlice>(slice.FullName(), new() { Preconditions = new() { Uid = slice.Metadata.Uid } }, cancellation)
                    .ConfigureAwait(false);
            }
            catch (ApiException gone) when (gone.Code == 404)
            {
                continue;
            }
        }
    }

    private void Note(NamespacedName name, EndpointSlice written) =>
        _written[name] = Math.Max(_written.GetValueOrDefault(name), Versions.Parse(written.Metadata.ResourceVersion));
}
