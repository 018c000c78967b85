using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Node.Pods;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Coxswain.Node.Server;
using Coxswain.Node.Status;
using Coxswain.Node.Volumes;
using Microsoft.Extensions.Logging;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node;

/// <summary>Makes a machine a node of the cluster: registers it, runs the pods that are bound to it, and tells how they are.</summary>
/// <remarks>
/// What runs when it starts is adopted, not restarted. Disposing it stops the looking after and leaves the containers running;
/// <see cref="StopAllPodsAsync"/> before that stops them too. The runtime and the API client are the caller's.
/// </remarks>
public sealed partial class NodeAgent : IAsyncDisposable
{
    private static readonly TimeSpan FastUntilReady = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan HousekeepingPeriod = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ImageCollectionPeriod = TimeSpan.FromMinutes(5);

    private readonly NodeAgentOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly EventRecorder _recorder;
    private readonly InformerFactory _informers;
    private readonly NodeReporter _reporter;
    private readonly NodeLease _lease;
    private readonly PodManager _pods;
    private readonly ImagePuller _images;
    private readonly ContainerStarter _starter;
    private readonly ImageCollector _imageCollector;
    private readonly LogRotator _logRotator;
    private readonly Prober _prober;
    private readonly HookRunner _hooks;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];

    private NodeAgent(
        NodeAgentOptions options, IApiClient api, IContainerRuntime runtime, RuntimeVersion version, TimeProvider clock, ILoggerFactory loggers,
        NodeAgentParts parts)
    {
        _options = options;
        _clock = clock;
        _logger = loggers.CreateLogger("Coxswain.Node");
        _recorder = new(api, "kubelet", options.NodeName, clock, _logger);
        _informers = new(api, clock, loggers);
        var features = parts.Cgroups ?? CgroupFeatures.Detect();
        var host = parts.VolumeHost ?? new LinuxVolumeHost();
        var machine = parts.Machine ?? MachineFacts.Read(features.HugepageSizes);
        _reporter = new(options, api, runtime, host, machine, version, _recorder, clock, _logger);
        _lease = new(options, api, clock);

        var directories = new PodDirectories(options.RootDirectory);
        var events = new PodEvents(_recorder);
        var config = new ApiConfigSource(api);
        var services = _informers.Informer<Service>().Lister;
        var node = _informers.Informer<NodeObject>(fieldSelector: "metadata.name=" + options.NodeName).Lister;
        var tokens = new ServiceAccountTokenSource(api, clock);
        var dns = new DnsConfigurer(options.ClusterDns, options.ClusterDomain, () => HostResolver.Read(options.ResolvConf));
        var cgroups = new PodCgroups(options, features);
        var results = new ProbeResults();
        _prober = new(runtime, clock);
        _hooks = new(runtime, clock);
        _images = new(runtime, config, events, options, clock);
        var killer = new ContainerKiller(runtime, _hooks, events, clock);
        _starter = new(
            runtime, _images, new EnvironmentBuilder(config, services.All), new ContainerMounts(directories, host), directories, _hooks, killer, events,
            features, options, clock);
        _imageCollector = new(options, runtime, host, clock, _logger);
        _pods = new(
            new()
            {
                Options = options,
                Runtime = runtime,
                Events = events,
                Prober = _prober,
                ProbeResults = results,
                Sync = new(runtime, new SandboxConfigBuilder(options, dns, cgroups), _starter, killer, results, events),
                Killer = killer,
                Pruner = new(runtime, options),
                Volumes = new(directories, host, new VolumePayloads(config, tokens), new ClaimResolver(api), tokens, clock),
                Directories = directories,
                Cgroups = cgroups,
                StatusWriter = new(api),
                Clock = clock,
                Logger = _logger,
                Node = Context,
                RuntimeName = version.RuntimeName,
                NetworkProblem = () => _reporter.NetworkProblem,
            },
            () => node.Find(new("", options.NodeName)));
        _logRotator = new(_pods, runtime, clock, _logger) { MaxSize = options.ContainerLogMaxSize, MaxFiles = options.ContainerLogMaxFiles };
    }

    /// <summary>The pods of this node, for the server of logs, exec and statistics.</summary>
    public IPodDirectory Pods => _pods;

    /// <summary>Whether the node could say of itself, when it last looked, that it is ready.</summary>
    public bool IsReady => _reporter.IsReady;

    /// <summary>Starts an agent. Returns when the Node is registered and its pods are being looked after.</summary>
    /// <exception cref="RuntimeException">The runtime does not answer.</exception>
    public static Task<NodeAgent> StartAsync(
        NodeAgentOptions options, IApiClient api, IContainerRuntime runtime, TimeProvider clock, ILoggerFactory loggers,
        CancellationToken cancellation) =>
        StartAsync(options, api, runtime, clock, loggers, new(), cancellation);

    internal static async Task<NodeAgent> StartAsync(
        NodeAgentOptions options, IApiClient api, IContainerRuntime runtime, TimeProvider clock, ILoggerFactory loggers, NodeAgentParts parts,
        CancellationToken cancellation)
    {
        Directory.CreateDirectory(options.RootDirectory);
        Directory.CreateDirectory(options.PodLogsDirectory);
        var version = await runtime.VersionAsync(cancellation);
        var agent = new NodeAgent(options, api, runtime, version, clock, loggers, parts);
        try
        {
            await agent.BeginAsync(cancellation);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops every pod with the patience it asks for, as when the node is shut down. The pods' objects stay as they are, so that a
    /// later agent starts them again.</summary>
    public async Task StopAllPodsAsync(CancellationToken cancellation)
    {
        await _pods.StopAllPodsAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        await _pods.DisposeAsync();
        await _informers.DisposeAsync();
        _prober.Dispose();
        _hooks.Dispose();
        _images.Dispose();
        _stop.Dispose();
    }

    private async Task BeginAsync(CancellationToken cancellation)
    {
        // 1. The Node must be known before pods can be held against it.
        Run("events", _recorder.RunAsync);
        await RetryAsync(_reporter.RegisterAsync, cancellation);

        // 2. What the API server knows; pods last, as everything else is needed to take them in.
        var pods = _informers.Informer<Pod>(fieldSelector: "spec.nodeName=" + _options.NodeName);
        _informers.Start();
        await _informers.WaitForSyncAsync(cancellation);
        pods.AddHandler(new() { Added = _pods.Added, Updated = (_, now) => _pods.Updated(now), Deleted = _pods.Deleted });

        // 3. What goes on from here.
        Run("node status", ReportAsync);
        Run("lease", token => RepeatAsync(_lease.RenewAsync, () => _lease.RenewInterval, token));
        Run("relist", token => RepeatAsync(_pods.RelistAsync, () => _options.RelistPeriod, token));
        Run("housekeeping", token => RepeatAsync(HousekeepAsync, () => HousekeepingPeriod, token));
        Run("logs", _logRotator.RunAsync);
        Run("images", token => RepeatAsync(async t => await _imageCollector.CollectAsync(t), () => ImageCollectionPeriod, token));
    }

    // Until the node is ready everybody waits for it: look often.
    private Task ReportAsync(CancellationToken cancellation) =>
        RepeatAsync(_reporter.ReportAsync, () => _reporter.IsReady ? _options.NodeStatusUpdateFrequency : FastUntilReady, cancellation);

    private Task HousekeepAsync(CancellationToken cancellation)
    {
        _pods.RemoveOrphanedFolders();
        _images.Collect();
        _starter.Collect();
        return Task.CompletedTask;
    }

    private NodeContext Context()
    {
        var status = _reporter.Status;
        return new()
        {
            NodeName = _options.NodeName,
            HostIPs = _options.NodeIPs,
            Capacity = status.Capacity,
            Allocatable = status.Allocatable,
        };
    }

    private void Run(string what, Func<CancellationToken, Task> loop) => _loops.Add(Task.Run(async () =>
    {
        try
        {
            await loop(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped on request.
        }
        catch (Exception failed)
        {
            LogEnded(failed, what);
        }
    }));

    /// <summary>Does something again and again; a failure is told and does not end it.</summary>
    private async Task RepeatAsync(Func<CancellationToken, Task> step, Func<TimeSpan> period, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await step(cancellation);
            }
            catch (Exception failed) when (failed is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                LogStepFailed(failed);
            }

            await Task.Delay(period(), _clock, cancellation);
        }
    }

    private async Task RetryAsync(Func<CancellationToken, Task> step, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await step(cancellation);
                return;
            }
            catch (Exception failed) when (failed is ApiException { Code: >= 500 or 429 } or HttpRequestException or IOException)
            {
                LogStepFailed(failed);
                await Task.Delay(TimeSpan.FromMilliseconds(200), _clock, cancellation);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "the node agent's loop \"{What}\" ended")]
    private partial void LogEnded(Exception failed, string what);

    [LoggerMessage(2, LogLevel.Warning, "a step of the node agent failed, trying again")]
    private partial void LogStepFailed(Exception failed);
}

/// <summary>Parts that a test replaces; null: the real ones.</summary>
internal sealed record NodeAgentParts
{
    public IVolumeHost? VolumeHost { get; init; }
    public CgroupFeatures? Cgroups { get; init; }
    public MachineFacts? Machine { get; init; }
}
