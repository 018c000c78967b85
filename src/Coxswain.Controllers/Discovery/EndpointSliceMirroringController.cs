using System.Collections.Concurrent;
using System.Net;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Shows Endpoints that somebody writes by hand, for services without a selector, as slices. Names are those of Endpoints.</summary>
internal sealed class EndpointSliceMirroringController(IApiClient api, Lister<Endpoints> endpoints, Lister<Service> services, Informer<EndpointSlice> slices,
    EventRecorder events) : IReconciler
{
    private const string Manager = "endpointslicemirroring-controller.k8s.io";
    private const string SkipMirror = "endpointslice.kubernetes.io/skip-mirror";
    private const string LastChange = "endpoints.kubernetes.io/last-change-trigger-time";
    private const string LeaderLock = "control-plane.alpha.kubernetes.io/leader";
    private const string ByEndpoints = "mirrored";
    private const int MostInSubset = 1000;

    // As in EndpointSliceController: until the lister shows what was made, it would be made again.
    private readonly ConcurrentDictionary<NamespacedName, long> _written = new();

    public static IReconciler Make(ControllerContext c)
    {
        c.Informer<EndpointSlice>().AddIndex(ByEndpoints, s => IsOurs(s) && s.Metadata.Labels.TryGetValue(EndpointSliceController.ServiceName, out var name)
            ? [$"{s.Metadata.Namespace}/{name}"] : []);
        return new EndpointSliceMirroringController(c.Api, c.Lister<Endpoints>(), c.Lister<Service>(), c.Informer<EndpointSlice>(), c.Events("endpoint-slice-mirroring-controller"));
    }

    public static IEnumerable<NamespacedName> EndpointsOf(ControllerContext c, EndpointSlice slice) =>
        IsOurs(slice) && slice.Metadata.Labels.TryGetValue(EndpointSliceController.ServiceName, out var name) ? [new(slice.Metadata.Namespace, name)] : [];

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        var source = endpoints.Find(name);
        if (_written.TryGetValue(name, out var written) && Versions.Compare(slices.ResourceVersion, written) < 0)
            return ReconcileResult.After(TimeSpan.FromMilliseconds(5));
        var existing = slices.Lister.ByIndex(ByEndpoints, name.ToString()).Where(s => s.Metadata.DeletionTimestamp is null).ToList();
        var plan = new SlicePlan();
        if (source is not null && IsMirrored(source, services.Find(name)))
            Render(source, existing, plan);
        else
            plan.Delete.AddRange(existing);
        if (source is null)
            _written.TryRemove(name, out _);
        try
        {
            await ApplyAsync(name, source, plan, cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused) when (PodControl.IsNamespaceTerminating(refused))
        {
            return ReconcileResult.Done;
        }
        catch (ApiException refused) when (refused.Code != 409 && source is not null)
        {
            events.Warning(source, "FailedToUpdateEndpointSlices", $"Error updating EndpointSlices for Endpoints {name}: {refused.Message}");
            throw;
        }
        return ReconcileResult.Done;
    }

    private static bool IsOurs(EndpointSlice slice) => slice.Metadata.Labels.GetValueOrDefault(EndpointSliceController.ManagedBy) == Manager;

    /// <summary>Those with a selector have slices of their own; locks and what says so are no addresses of a service.</summary>
    private static bool IsMirrored(Endpoints source, Service? service) =>
        service is { Metadata.DeletionTimestamp: null, Spec.Selector.Count: 0 } && source.Metadata.DeletionTimestamp is null
        && source.Metadata.Labels.GetValueOrDefault(SkipMirror) != "true" && !source.Metadata.Annotations.ContainsKey(LeaderLock);

    private void Render(Endpoints source, List<EndpointSlice> existing, SlicePlan plan)
    {
        var wanted = new Dictionary<(string Family, ApiList<Api.Discovery.V1.EndpointPort> Ports), Dictionary<(string, string), Endpoint>>();
        var (skipped, invalid) = (0, 0);
        foreach (var subset in source.Subsets)
        {
            var ports = subset.Ports.Select(p => new Api.Discovery.V1.EndpointPort { Name = p.Name, Port = p.Port, Protocol = p.Protocol, AppProtocol = p.AppProtocol }).ToApiList();
            var count = 0;
            foreach (var (address, ready) in subset.Addresses.Select(a => (a, true)).Concat(subset.NotReadyAddresses.Select(a => (a, false))))
            {
                if (!IPAddress.TryParse(address.Ip, out var parsed))
                {
                    invalid++;
                    continue;
                }
                if (++count > MostInSubset)
                {
                    skipped++;
                    continue;
                }
                var family = parsed.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? AddressType.IPv6 : AddressType.IPv4;
                if (!wanted.TryGetValue((family, ports), out var group))
                    wanted[(family, ports)] = group = [];
                group.TryAdd((address.TargetRef?.Uid ?? "", address.Ip), EndpointOf(address, ready));
            }
        }
        if (invalid > 0)
            events.Warning(source, "InvalidIPAddress", $"Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
        if (skipped > 0)
            events.Warning(source, "TooManyAddressesToMirror",
                $"A max of {MostInSubset} addresses can be mirrored to EndpointSlices per Endpoints subset. {skipped} addresses were skipped");
        foreach (var family in wanted.Keys.Select(k => k.Family).Distinct().ToList())
            plan.Add(existing.Where(s => s.AddressType == family),
                wanted.Where(w => w.Key.Family == family).ToDictionary(w => w.Key.Ports, w => w.Value.Values.ToList()), ports => Template(source, family, ports));
        plan.Delete.AddRange(existing.Where(s => !wanted.Keys.Any(k => k.Family == s.AddressType)));
    }

    private static Endpoint EndpointOf(EndpointAddress address, bool ready) => new()
    {
        Addresses = [address.Ip],
        Conditions = new() { Ready = ready },
        Hostname = address.Hostname.Length > 0 ? address.Hostname : null,
        NodeName = address.NodeName,
        TargetRef = address.TargetRef,
    };

    private static EndpointSlice Template(Endpoints source, string family, ApiList<Api.Discovery.V1.EndpointPort> ports) => new()
    {
        Metadata = new()
        {
            Namespace = source.Metadata.Namespace,
            GenerateName = source.Metadata.Name + "-",
            Labels = LabelsOf(source),
            Annotations = AnnotationsOf(source),
            OwnerReferences = [Owners.Controller(source)],
        },
        AddressType = family,
        Ports = ports,
    };

    private static ApiMap<string> LabelsOf(Endpoints source) =>
        source.Metadata.Labels.With(EndpointSliceController.ServiceName, source.Metadata.Name).With(EndpointSliceController.ManagedBy, Manager);

    private static ApiMap<string> AnnotationsOf(Endpoints source) => source.Metadata.Annotations.Without(LastChange);

    private async Task ApplyAsync(NamespacedName name, Endpoints? source, SlicePlan plan, CancellationToken cancellation)
    {
        foreach (var slice in plan.Create)
            Note(name, await api.CreateAsync(slice, cancellation).ConfigureAwait(false));
        foreach (var slice in plan.Update.Concat(plan.Keep.Where(s => s.Metadata.Labels != LabelsOf(source!) || s.Metadata.Annotations != AnnotationsOf(source!))))
            Note(name, await api.UpdateAsync(slice with { Metadata = slice.Metadata with { Labels = LabelsOf(source!), Annotations = AnnotationsOf(source!) } }, cancellation)
                .ConfigureAwait(false));
        foreach (var slice in plan.Delete)
        {
            try
            {
                await api.DeleteAsync<EndpointSlice>(slice.FullName(), new() { Preconditions = new() { Uid = slice.Metadata.Uid } }, cancellation).ConfigureAwait(false);
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
