using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Probes;
using Coxswain.Node.Status;
using Coxswain.Node.Tests.Volumes;
using Coxswain.Node.Volumes;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Node.Tests.Pods;

/// <summary>Everything a pod worker needs, with a runtime, a cluster, a clock and a host of the test's own. Passes are made by hand.</summary>
internal sealed class PodHarness : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-pods-").FullName;
    private readonly List<PodWorker> _workers = [];

    public PodHarness(Func<NodeAgentOptions, NodeAgentOptions>? adjust = null)
    {
        Runtime = new(Clock);
        Runtime.AddImage("docker.io/library/web:1");
        Api = new(Clock);
        var options = new NodeAgentOptions
        {
            NodeName = "node-1",
            RootDirectory = Path.Combine(_folder, "root"),
            PodLogsDirectory = Path.Combine(_folder, "logs"),
            NodeIPs = ["192.0.2.10"],
            ClusterDns = ["10.96.0.10"],
            ResolvConf = "",
        };
        Options = adjust?.Invoke(options) ?? options;
        Directories = new(Options.RootDirectory);
        var config = new ApiConfigSource(Api);
        var tokens = new ServiceAccountTokenSource(Api, Clock);
        var features = new CgroupFeatures(Version2: true, SwapAccounting: false, HugepageSizes: []);
        Directory.CreateDirectory(Path.Combine(_folder, "cgroup"));
        var cgroups = new PodCgroups(Options, features, Path.Combine(_folder, "cgroup"));
        var dns = new DnsConfigurer(Options.ClusterDns, Options.ClusterDomain, () => HostResolver.Read(Options.ResolvConf));
        var hooks = new HookRunner(Runtime, Clock);
        Killer = new(Runtime, hooks, Events, Clock);
        var images = new ImagePuller(Runtime, config, Events, Options, Clock);
        var starter = new ContainerStarter(
            Runtime, images, new EnvironmentBuilder(config, () => Services), new ContainerMounts(Directories, Host), Directories, hooks, Killer, Events,
            features, Options, Clock);
        PodServices = new()
        {
            Options = Options,
            Runtime = Runtime,
            Events = Events,
            Prober = Prober,
            ProbeResults = Probes,
            Sync = new(Runtime, new SandboxConfigBuilder(Options, dns, cgroups), starter, Killer, Probes, Events),
            Killer = Killer,
            Pruner = new(Runtime, Options),
            Volumes = new(Directories, Host, new VolumePayloads(config, tokens), new ClaimResolver(Api), tokens, Clock),
            Directories = Directories,
            Cgroups = cgroups,
            StatusWriter = new(Api),
            Clock = Clock,
            Logger = NullLogger.Instance,
            Node = () => TestPods.Node,
            RuntimeName = "containerd",
            NetworkProblem = () => NodeStatusBuilder.NetworkProblem(NetworkStatus()),
        };
    }

    public FakeClock Clock { get; } = new();
    public FakeRuntime Runtime { get; }
    public FakeApi Api { get; }
    public FakeVolumeHost Host { get; } = new();
    public RecordedEvents Events { get; } = new();
    public FakeProber Prober { get; } = new();
    public ProbeResults Probes { get; } = new();
    public NodeAgentOptions Options { get; }
    public PodDirectories Directories { get; }
    public ContainerKiller Killer { get; }
    public List<Service> Services { get; } = [];
    public PodServices PodServices { get; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Stores a pod and makes a worker for it that does nothing by itself.</summary>
    public async Task<PodWorker> AddAsync(Pod pod)
    {
        var stored = await Api.CreateAsync(pod, Cancellation);
        return WorkerFor(stored);
    }

    public PodWorker WorkerFor(Pod stored, bool removed = false, PodEnd? end = null)
    {
        var worker = new PodWorker(stored, removed, end, PodServices);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>The pod as the API server has it.</summary>
    public Pod Stored(string name = "web") => Api.All<Pod>().Single(pod => pod.Metadata.Name == name);

    public bool IsStored(string name = "web") => Api.All<Pod>().Any(pod => pod.Metadata.Name == name);

    public ContainerStatus StatusOf(string container, string pod = "web")
    {
        var status = Stored(pod).Status;
        return status.ContainerStatuses.Concat(status.InitContainerStatuses).Concat(status.EphemeralContainerStatuses).Single(c => c.Name == container);
    }

    /// <summary>Asks the API to delete the pod and tells the worker.</summary>
    public void Delete(PodWorker worker, long grace = 30, string name = "web")
    {
        worker.Update(Api.Change<Pod>(new("default", name), pod => pod with
        {
            Metadata = pod.Metadata with { DeletionTimestamp = Clock.GetUtcNow().AddSeconds(grace), DeletionGracePeriodSeconds = grace },
        }));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Coxswain.Node.Runtime.RuntimeStatus NetworkStatus() => new() { Conditions = [Runtime.Network] };
}

internal sealed class RecordedEvents : IPodEvents
{
    private readonly Lock _gate = new();
    private readonly List<string> _all = [];

    /// <summary>"Warning BackOff spec.containers{web} message", in order.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_gate)
                return [.. _all];
        }
    }

    public void Record(Pod pod, string fieldPath, bool warning, string reason, string message)
    {
        lock (_gate)
            _all.Add($"{(warning ? "Warning" : "Normal")} {reason}{(fieldPath.Length > 0 ? " " + fieldPath : "")}: {message}");
    }

    public void Clear()
    {
        lock (_gate)
            _all.Clear();
    }
}

internal sealed class FakeProber : IProber
{
    public Func<Probe, ProbeTarget, ProbeAnswer> Answer { get; set; } = (_, _) => new(ProbeOutcome.Success, "");

    public int Asked { get; private set; }

    public Task<ProbeAnswer> ProbeAsync(Probe probe, ProbeTarget target, CancellationToken cancellation)
    {
        Asked++;
        return Task.FromResult(Answer(probe, target));
    }
}

internal static class TestPods
{
    public static NodeContext Node { get; } = new()
    {
        NodeName = "node-1",
        HostIPs = ["192.0.2.10"],
        Capacity = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("4"), ["memory"] = Quantity.Parse("8Gi") },
        Allocatable = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("3500m"), ["memory"] = Quantity.Parse("7Gi") },
    };

    public static Container Container(string name = "web", Func<Container, Container>? adjust = null)
    {
        var container = new Container
        {
            Name = name,
            Image = "web:1",
            ImagePullPolicy = "IfNotPresent",
            TerminationMessagePath = "/dev/termination-log",
            TerminationMessagePolicy = "File",
        };
        return adjust?.Invoke(container) ?? container;
    }

    public static Pod Pod(string name = "web", params Container[] containers) => new()
    {
        Metadata = new() { Name = name, Namespace = "default", Uid = "uid-" + name, Generation = 1 },
        Spec = new()
        {
            NodeName = "node-1",
            RestartPolicy = "Always",
            TerminationGracePeriodSeconds = 30,
            DnsPolicy = "ClusterFirst",
            ServiceAccountName = "default",
            EnableServiceLinks = true,
            SecurityContext = new(),
            Containers = containers.Length == 0 ? [Container()] : [.. containers],
        },
    };

    public static Pod With(this Pod pod, Func<PodSpec, PodSpec> change) => pod with { Spec = change(pod.Spec) };

    public static ApiMap<Quantity> Quantities(params (string Name, string Amount)[] amounts) =>
        amounts.Select(amount => KeyValuePair.Create(amount.Name, Quantity.Parse(amount.Amount))).ToApiMap();
}
