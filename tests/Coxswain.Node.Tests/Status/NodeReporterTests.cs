using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Node.Runtime;
using Coxswain.Node.Status;
using Coxswain.Node.Tests.Pods;
using Coxswain.Node.Tests.Volumes;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Tests.Status;

public sealed class NodeReporterTests
{
    private static readonly MachineFacts Machine = new()
    {
        ProcessorCount = 4,
        MemoryBytes = 8L << 30,
        MachineId = "machine",
        SystemUuid = "system",
        BootId = "boot",
        KernelVersion = "6.1",
        OsImage = "Debian",
        Architecture = "amd64",
    };

    private readonly FakeClock _clock = new();
    private readonly FakeVolumeHost _host = new();
    private readonly FakeApi _api;
    private readonly FakeRuntime _runtime;
    private readonly NodeAgentOptions _options = new()
    {
        NodeName = "node-1",
        RootDirectory = "/",
        NodeIPs = ["192.0.2.10"],
        PodCidr = "10.244.0.0/24",
        NodeLabels = new Dictionary<string, string> { ["disk"] = "ssd" },
        RegisterWithTaints = ["dedicated=db:NoSchedule"],
        SystemReserved = new Dictionary<string, string> { ["cpu"] = "500m" },
    };

    public NodeReporterTests()
    {
        _api = new(_clock);
        _runtime = new(_clock);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private NodeObject Node => _api.All<NodeObject>().Single();

    [Fact]
    public async Task A_node_registers_with_labels_addresses_and_what_it_has()
    {
        _runtime.AddImage("docker.io/library/web:1", size: 5);
        await Reporter().RegisterAsync(Cancellation);

        var node = Node;
        Assert.Equal("amd64", node.Metadata.Labels["kubernetes.io/arch"]);
        Assert.Equal("node-1", node.Metadata.Labels["kubernetes.io/hostname"]);
        Assert.Equal("ssd", node.Metadata.Labels["disk"]);
        Assert.Equal("10.244.0.0/24", node.Spec.PodCIDR);
        Assert.Equal(new Taint { Key = "dedicated", Value = "db", Effect = "NoSchedule" }, node.Spec.Taints[0]);
        Assert.Equal("4", node.Status.Capacity["cpu"].ToString());
        Assert.Equal("3500m", node.Status.Allocatable["cpu"].ToString());
        Assert.Equal("8Gi", node.Status.Capacity["memory"].ToString());
        Assert.Equal((8L << 30) - (100L << 20), node.Status.Allocatable["memory"].Value);
        Assert.Equal("110", node.Status.Capacity["pods"].ToString());
        Assert.Equal(90_000_000_000, node.Status.Allocatable["ephemeral-storage"].Value);
        Assert.Equal(["InternalIP 192.0.2.10", "Hostname node-1"], node.Status.Addresses.Select(a => $"{a.Type} {a.Address}"));
        Assert.Equal("v1.36.0+coxswain", node.Status.NodeInfo.KubeletVersion);
        Assert.Equal("containerd://1.6.20", node.Status.NodeInfo.ContainerRuntimeVersion);
        Assert.Equal(10250, node.Status.DaemonEndpoints.KubeletEndpoint.Port);
        Assert.Contains("docker.io/library/web:1", node.Status.Images[0].Names);
        Assert.Equal(["MemoryPressure False", "DiskPressure False", "PIDPressure False", "Ready True"], node.Status.Conditions.Select(c => $"{c.Type} {c.Status}"));
    }

    [Fact]
    public async Task A_node_that_is_there_already_is_taken_over_with_its_foreign_labels()
    {
        await _api.CreateAsync(new NodeObject { Metadata = new() { Name = "node-1", Labels = ApiMap.Of("zone", "a") } }, Cancellation);

        await Reporter().RegisterAsync(Cancellation);

        Assert.Equal("a", Node.Metadata.Labels["zone"]);
        Assert.Equal("linux", Node.Metadata.Labels["kubernetes.io/os"]);
    }

    [Fact]
    public async Task The_status_is_written_when_it_changes_or_when_it_is_old()
    {
        var reporter = Reporter();
        await reporter.RegisterAsync(Cancellation);
        await reporter.ReportAsync(Cancellation);
        var writes = _api.Writes.Count;

        _clock.Advance(TimeSpan.FromSeconds(10));
        await reporter.ReportAsync(Cancellation);
        Assert.Equal(writes, _api.Writes.Count);

        _clock.Advance(TimeSpan.FromMinutes(5));
        await reporter.ReportAsync(Cancellation);
        Assert.Equal(writes + 1, _api.Writes.Count);
        Assert.Equal(_clock.GetUtcNow(), Node.Status.Conditions.Single(c => c.Type == "Ready").LastHeartbeatTime);

        _runtime.Network = new(RuntimeStatus.NetworkReady, false, "NetworkPluginNotReady", "no config");
        await reporter.ReportAsync(Cancellation);
        var ready = Node.Status.Conditions.Single(c => c.Type == "Ready");
        Assert.Equal("KubeletNotReady", ready.Reason);
        Assert.Equal("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no config", ready.Message);
        Assert.False(reporter.IsReady);
    }

    [Fact]
    public async Task A_full_disk_is_a_condition()
    {
        _host.Use = new(100, 9, 0, 0);
        await Reporter().RegisterAsync(Cancellation);

        var pressure = Node.Status.Conditions.Single(c => c.Type == "DiskPressure");
        Assert.Equal("True", pressure.Status);
        Assert.Equal("KubeletHasDiskPressure", pressure.Reason);
    }

    [Fact]
    public async Task A_node_that_somebody_deleted_registers_again()
    {
        var reporter = Reporter();
        await reporter.RegisterAsync(Cancellation);
        await _api.DeleteAsync<NodeObject>(new("", "node-1"), null, Cancellation);

        await reporter.ReportAsync(Cancellation);

        Assert.Equal("node-1", Node.Metadata.Name);
    }

    [Fact]
    public async Task The_lease_is_made_for_the_node_and_renewed()
    {
        await Reporter().RegisterAsync(Cancellation);
        var lease = new NodeLease(_options, _api, _clock);
        await lease.RenewAsync(Cancellation);
        _clock.Advance(lease.RenewInterval);
        await lease.RenewAsync(Cancellation);
        // Somebody else writes in between: the next renewal reads it anew.
        _api.Change<Lease>(new("kube-node-lease", "node-1"), l => l with { Metadata = l.Metadata with { Labels = ApiMap.Of("a", "b") } });
        _clock.Advance(lease.RenewInterval);
        await lease.RenewAsync(Cancellation);

        var stored = _api.All<Lease>().Single();
        Assert.Equal("node-1", stored.Spec.HolderIdentity);
        Assert.Equal(40, stored.Spec.LeaseDurationSeconds);
        Assert.Equal(_clock.GetUtcNow(), stored.Spec.RenewTime);
        Assert.Equal("b", stored.Metadata.Labels["a"]);
        Assert.Equal(Node.Metadata.Uid, stored.Metadata.OwnerReferences[0].Uid);
        Assert.Equal(TimeSpan.FromSeconds(10), lease.RenewInterval);
    }

    [Fact]
    public void The_machine_is_read()
    {
        var machine = MachineFacts.Read([]);

        Assert.True(machine.MemoryBytes > 0);
        Assert.True(MachineFacts.AvailableMemory() > 0);
        Assert.NotEmpty(machine.KernelVersion);
        Assert.NotEmpty(machine.Architecture);
    }

    private NodeReporter Reporter() => new(
        _options, _api, _runtime, _host, Machine, new("containerd", "1.6.20", "v1"), new EventRecorder(_api, "kubelet", "node-1", _clock, NullLogger.Instance), _clock,
        NullLogger.Instance);
}
