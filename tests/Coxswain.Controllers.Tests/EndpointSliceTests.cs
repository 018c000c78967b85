using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;

namespace Coxswain.Controllers.Tests;

public sealed class EndpointSliceTests
{
    private static readonly string[] Both = ["endpointslice-controller", "endpoints-controller"];

    private static Service Web(string target = "http") => new()
    {
        Metadata = new() { Namespace = "default", Name = "web", Labels = ApiMap.Of("team", "a") },
        Spec = new()
        {
            Selector = ApiMap.Of("app", "web"),
            ClusterIP = "10.96.0.10",
            IpFamilies = ["IPv4"],
            Ports = [new() { Name = "main", Port = 80, Protocol = "TCP", TargetPort = new IntOrString(target) }],
        },
    };

    private static Task<Pod> PodAsync(Bed bed, int number, bool ready = true, string app = "web") => bed.CreateAsync(new Pod
    {
        Metadata = new() { Namespace = "default", Name = $"p{number}", Labels = ApiMap.Of("app", app) },
        Spec = new() { NodeName = "n1", Containers = [new() { Name = "c", Ports = [new() { Name = "http", ContainerPortValue = 8080, Protocol = "TCP" }] }] },
        Status = new()
        {
            Phase = "Running",
            PodIP = $"10.0.{number / 250}.{number % 250}",
            PodIPs = [new() { Ip = $"10.0.{number / 250}.{number % 250}" }],
            Conditions = [new() { Type = "Ready", Status = ready ? "True" : "False" }],
        },
    });

    [Fact]
    public async Task Pods_behind_a_service_are_in_its_slice_with_node_zone_port_and_conditions()
    {
        await using var bed = await Bed.StartAsync(Both);
        await bed.CreateAsync(new Node { Metadata = new() { Name = "n1", Labels = ApiMap.Of("topology.kubernetes.io/zone", "z1") } });
        var service = await bed.CreateAsync(Web());
        var pod = await PodAsync(bed, 1);
        await PodAsync(bed, 2, ready: false);
        await PodAsync(bed, 3, app: "other");
        await bed.SettleAsync();

        var slice = Assert.Single(bed.Api.All<EndpointSlice>());
        Assert.Equal(("web", "endpointslice-controller.k8s.io", "a"), (slice.Metadata.Labels["kubernetes.io/service-name"],
            slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"], slice.Metadata.Labels["team"]));
        Assert.True(Owners.IsControlledBy(slice.Metadata, service));
        Assert.StartsWith("web-", slice.Metadata.Name, StringComparison.Ordinal);
        var port = Assert.Single(slice.Ports);
        Assert.Equal(("main", "TCP", 8080), (port.Name, port.Protocol, port.Port));
        var ready = slice.Endpoints.Single(e => e.Conditions.Ready == true);
        Assert.Equal(("10.0.0.1", "n1", "z1", "p1", pod.Metadata.Uid),
            (ready.Addresses[0], ready.NodeName, ready.Zone, ready.TargetRef!.Name, ready.TargetRef.Uid));
        var waiting = slice.Endpoints.Single(e => e.Addresses[0] == "10.0.0.2").Conditions;
        Assert.Equal((false, false, false), (waiting.Ready, waiting.Serving, waiting.Terminating));

        var subset = Assert.Single(bed.Get<Endpoints>("web").Subsets);
        Assert.Equal(("10.0.0.1", "10.0.0.2", 8080), (subset.Addresses[0].Ip, subset.NotReadyAddresses[0].Ip, subset.Ports[0].Port));
    }

    [Fact]
    public async Task A_pod_that_ends_serves_on_as_terminating_in_slices_only()
    {
        await using var bed = await Bed.StartAsync(Both);
        await bed.CreateAsync(Web());
        await PodAsync(bed, 1);
        await bed.SettleAsync();
        await bed.Api.DeleteAsync<Pod>(new("default", "p1"), null, Bed.Cancellation);
        await bed.SettleAsync();

        var conditions = bed.Api.All<EndpointSlice>().Single().Endpoints.Single().Conditions;
        Assert.Equal((false, true, true), (conditions.Ready, conditions.Serving, conditions.Terminating));
        Assert.Empty(bed.Get<Endpoints>("web").Subsets);
    }

    [Fact]
    public async Task A_slice_holds_a_hundred_and_changes_touch_as_few_as_they_can()
    {
        await using var bed = await Bed.StartAsync("endpointslice-controller");
        await bed.CreateAsync(Web());
        for (var i = 1; i <= 250; i++)
            await PodAsync(bed, i);
        await bed.SettleAsync();
        Assert.Equal([50, 100, 100], bed.Api.All<EndpointSlice>().Select(s => s.Endpoints.Count).Order());

        var before = bed.Api.All<EndpointSlice>().ToDictionary(s => s.Metadata.Name, s => s.Metadata.ResourceVersion);
        await PodAsync(bed, 251);
        await bed.SettleAsync();
        var changed = bed.Api.All<EndpointSlice>().Where(s => before.GetValueOrDefault(s.Metadata.Name) != s.Metadata.ResourceVersion).ToList();
        Assert.Equal(51, Assert.Single(changed).Endpoints.Count);
    }

    [Fact]
    public async Task A_service_without_pods_has_one_empty_slice_and_fills_that()
    {
        await using var bed = await Bed.StartAsync(Both);
        await bed.CreateAsync(Web());
        await bed.SettleAsync();
        var empty = Assert.Single(bed.Api.All<EndpointSlice>());
        Assert.Empty(empty.Endpoints);
        Assert.Empty(bed.Get<Endpoints>("web").Subsets);

        await PodAsync(bed, 1);
        await bed.SettleAsync();
        Assert.Single(Assert.Single(bed.Api.All<EndpointSlice>()).Endpoints);
    }

    [Fact]
    public async Task A_pod_whose_labels_change_leaves()
    {
        await using var bed = await Bed.StartAsync(Both);
        await bed.CreateAsync(Web());
        await PodAsync(bed, 1);
        await PodAsync(bed, 2);
        await bed.SettleAsync();
        bed.Api.Change<Pod>(new("default", "p1"), p => p with { Metadata = p.Metadata with { Labels = ApiMap.Of("app", "other") } });
        await bed.SettleAsync();

        Assert.Equal(["10.0.0.2"], bed.Api.All<EndpointSlice>().Single().Endpoints.Select(e => e.Addresses[0]));
        Assert.Equal(["10.0.0.2"], bed.Get<Endpoints>("web").Subsets[0].Addresses.Select(a => a.Ip));
    }

    [Fact]
    public async Task Endpoints_written_by_hand_are_left_alone()
    {
        await using var bed = await Bed.StartAsync(Both);
        await bed.CreateAsync(new Endpoints { Metadata = new() { Namespace = "default", Name = "by-hand" } });
        await bed.CreateAsync(Web() with { Metadata = new() { Namespace = "default", Name = "by-hand" }, Spec = new() { Ports = [new() { Port = 80 }] } });
        await bed.SettleAsync();
        Assert.Empty(bed.Get<Endpoints>("by-hand").Metadata.Labels);
        Assert.Empty(bed.Api.All<EndpointSlice>());

        await bed.Api.DeleteAsync<Service>(new("default", "by-hand"), null, Bed.Cancellation);
        await bed.SettleAsync();
        Assert.Empty(bed.Api.All<Endpoints>());
    }

    [Fact]
    public async Task A_headless_service_names_hosts_and_is_marked()
    {
        await using var bed = await Bed.StartAsync("endpointslice-controller");
        var service = Web();
        await bed.CreateAsync(service with { Spec = service.Spec with { ClusterIP = "None" } });
        await PodAsync(bed, 1);
        bed.Api.Change<Pod>(new("default", "p1"), p => p with { Spec = p.Spec with { Hostname = "db-0", Subdomain = "web" } });
        await bed.SettleAsync();

        var slice = bed.Api.All<EndpointSlice>().Single();
        Assert.Equal(("", "db-0"), (slice.Metadata.Labels["service.kubernetes.io/headless"], slice.Endpoints[0].Hostname));
    }
}
