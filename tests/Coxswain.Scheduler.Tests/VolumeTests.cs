using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class VolumeTests
{
    private const string Zone = "topology.kubernetes.io/zone";

    private static PodSpec Mounts(PodSpec s) => s with { Volumes = [new() { Name = "v", PersistentVolumeClaim = new() { ClaimName = "data" } }] };

    private static PersistentVolumeClaim Claim(string? storageClass = null, string volume = "", params string[] modes) => new()
    {
        Metadata = new()
        {
            Namespace = "default", Name = "data",
            Annotations = volume.Length == 0 ? default : ApiMap.Of("pv.kubernetes.io/bind-completed", "yes"),
        },
        Spec = new()
        {
            StorageClassName = storageClass, VolumeName = volume, AccessModes = modes.ToApiList(),
            Resources = new() { Requests = ApiMap.Of("storage", Quantity.Parse("5Gi")) },
        },
    };

    private static PersistentVolume Volume(string name, string size, string? node = null, string storageClass = "", string? zone = null) => new()
    {
        Metadata = new() { Name = name, Labels = zone is null ? default : ApiMap.Of(Zone, zone) },
        Spec = new()
        {
            Capacity = ApiMap.Of("storage", Quantity.Parse(size)), StorageClassName = storageClass,
            NodeAffinity = node is null ? null : new()
            {
                Required = new() { NodeSelectorTerms = [new() { MatchExpressions = [new() { Key = "kubernetes.io/hostname", Operator = "In", Values = [node] }] }] },
            },
        },
        Status = new() { Phase = "Available" },
    };

    private static readonly StorageClass Lazy = new() { Metadata = new() { Name = "lazy" }, Provisioner = "kubernetes.io/no-provisioner", VolumeBindingMode = "WaitForFirstConsumer" };

    private static string Message(ClusterState cluster, Pod? pod = null) => cluster.Schedule(pod ?? Pod("a", change: Mounts)).Message;

    [Fact]
    public void A_claim_that_is_missing_unbound_or_going_holds_its_pod_back()
    {
        var cluster = Cluster(Node("one"));
        Assert.Equal("0/1 nodes are available: persistentvolumeclaim \"data\" not found.", Message(cluster));
        cluster.Volumes.Set(Claim());
        Assert.Equal("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", Message(cluster));
        cluster.Volumes.Set(Claim() with { Metadata = Claim().Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } });
        Assert.Equal("0/1 nodes are available: persistentvolumeclaim \"data\" is being deleted.", Message(cluster));
    }

    [Fact]
    public void A_bound_volume_takes_its_pod_to_where_it_is()
    {
        var cluster = Cluster(Node("one"), Node("two"));
        cluster.Volumes.Set(Claim(volume: "pv"));
        Assert.Equal("0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).", Message(cluster));
        cluster.Volumes.Set(Volume("pv", "5Gi", node: "two"));
        Assert.Equal("two", cluster.Schedule(Pod("a", change: Mounts)).Node);
        cluster.RemoveNode("two");
        Assert.Equal("0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.", Message(cluster));
    }

    [Fact]
    public void A_waiting_claim_takes_the_smallest_volume_that_will_do_and_no_other_pod_gets_it_meanwhile()
    {
        var cluster = Cluster(Node("one"), Node("two"));
        cluster.Volumes.Set(Lazy);
        cluster.Volumes.Set(Claim("lazy"));
        Assert.Equal("0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.", Message(cluster));
        cluster.Volumes.Set(Volume("small", "1Gi", "one", "lazy"));
        cluster.Volumes.Set(Volume("right", "6Gi", "two", "lazy"));
        Assert.Equal("two", cluster.Schedule(Pod("a", change: Mounts)).Node);
        cluster.Volumes.Promise("right", new("default", "other"));
        Assert.Null(cluster.Schedule(Pod("a", change: Mounts)).Node);
    }

    [Fact]
    public void A_volume_that_can_be_made_is_made_where_its_class_allows()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        cluster.Volumes.Set(Claim("made"));
        cluster.Volumes.Set(Lazy with
        {
            Metadata = new() { Name = "made" }, Provisioner = "example.com/p",
            AllowedTopologies = [new() { MatchLabelExpressions = [new() { Key = Zone, Values = ["b"] }] }],
        });
        Assert.Equal("b1", cluster.Schedule(Pod("a", change: Mounts)).Node);
    }

    [Fact]
    public void A_volume_is_made_only_where_its_driver_says_there_is_room()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        cluster.Volumes.Set(Claim("made"));
        cluster.Volumes.Set(Lazy with { Metadata = new() { Name = "made" }, Provisioner = "example.com/p" });
        cluster.Volumes.Set(new CSIDriver { Metadata = new() { Name = "example.com/p" }, Spec = new() { StorageCapacity = true } });
        Assert.Equal("0/2 nodes are available: 2 node(s) did not have enough free storage.", Message(cluster));
        foreach (var (zone, room) in new[] { ("a", "4Gi"), ("b", "6Gi") })
        {
            cluster.Volumes.Set(new CSIStorageCapacity
            {
                Metadata = new() { Namespace = "kube-system", Name = zone }, StorageClassName = "made", Capacity = Quantity.Parse(room),
                NodeTopology = new() { MatchLabels = ApiMap.Of(Zone, zone) },
            });
        }

        Assert.Equal("b1", cluster.Schedule(Pod("a", change: Mounts)).Node);
    }

    [Fact]
    public void A_pod_stays_in_the_zone_that_its_volumes_labels_name()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"), Node("c1", zone: "c"));
        cluster.Volumes.Set(Claim(volume: "pv"));
        cluster.Volumes.Set(Volume("pv", "5Gi", zone: "b__x"));
        Assert.Equal("b1", cluster.Schedule(Pod("a", change: Mounts)).Node);
        cluster.RemoveNode("b1");
        Assert.Equal("0/2 nodes are available: 2 node(s) had no available volume zone.", Message(cluster));
    }

    [Fact]
    public void A_claim_for_one_pod_only_is_for_one_pod_only_and_a_more_important_pod_may_take_it()
    {
        var cluster = Cluster(Node("one"));
        cluster.Volumes.Set(Claim(volume: "pv", modes: "ReadWriteOncePod"));
        cluster.Volumes.Set(Volume("pv", "5Gi"));
        cluster.Place(Pod("first", change: Mounts), "one");
        Assert.Equal("0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.", Message(cluster));
        var (candidates, _) = cluster.Preempt(Pod("second", change: s => Mounts(s) with { Priority = 5 }));
        Assert.Single(Assert.Single(candidates).Victims);
        cluster.RemovePod("uid-first");
        Assert.Equal("one", cluster.Schedule(Pod("second", change: Mounts)).Node);
    }

    [Fact]
    public void A_node_takes_no_more_volumes_than_its_driver_can_attach()
    {
        var cluster = Cluster(Node("one"));
        cluster.Volumes.Set(new CSINode { Metadata = new() { Name = "one" }, Spec = new() { Drivers = [new() { Name = "d", Allocatable = new() { Count = 1 } }] } });
        cluster.Volumes.Set(Claim(volume: "pv"));
        var volume = Volume("pv", "5Gi");
        cluster.Volumes.Set(volume with { Spec = volume.Spec with { Csi = new() { Driver = "d", VolumeHandle = "h1" } } });
        cluster.Place(Pod("first", change: Mounts), "one");
        // The same volume once more is attached already.
        Assert.Equal("one", cluster.Schedule(Pod("same", change: Mounts)).Node);
        cluster.Volumes.Set(Claim(volume: "pv-2") with { Metadata = Claim(volume: "pv-2").Metadata with { Name = "more" } });
        cluster.Volumes.Set(volume with { Metadata = new() { Name = "pv-2" }, Spec = volume.Spec with { Csi = new() { Driver = "d", VolumeHandle = "h2" } } });
        var other = Pod("other", change: s => s with { Volumes = [new() { Name = "v", PersistentVolumeClaim = new() { ClaimName = "more" } }] });
        Assert.Equal("0/1 nodes are available: 1 node(s) exceed max volume count.", Message(cluster, other));
    }

    [Fact]
    public void Two_pods_do_not_write_to_one_disk_on_a_node()
    {
        static Pod Disk(string name, bool readOnly) => Pod(name, change: s => s with { Volumes = [new() { Name = "v", GcePersistentDisk = new() { PdName = "d", ReadOnly = readOnly } }] });
        var cluster = Cluster(Node("one"));
        cluster.Place(Disk("first", readOnly: true), "one");
        Assert.Equal("one", cluster.Schedule(Disk("reader", readOnly: true)).Node);
        Assert.Equal("0/1 nodes are available: 1 node(s) had no available disk.", Message(cluster, Disk("writer", readOnly: false)));
    }
}
