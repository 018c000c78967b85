using Coxswain.Node.Host;
using Coxswain.Node.Images;
using Coxswain.Node.Network;
using Coxswain.Node.Runtime;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Containerd;

/// <summary>Everything below the pods of one instance: containerd, the sandbox image, the pod network, host ports; kept in order.</summary>
/// <remarks>Disposing lets go of the runtime; containerd and containers live on. The end of them is <see cref="InstanceCleaner"/>'s.</remarks>
public sealed partial class NodeRuntime : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RulePeriod = TimeSpan.FromSeconds(30);

    private readonly NodeInstance _instance;
    private readonly string _clusterCidr;
    private readonly ContainerdProcess _process;
    private readonly PodNetwork _network;
    private readonly HostPorts _hostPorts;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    private NodeRuntime(
        NodeInstance instance, string clusterCidr, ContainerdBinaries binaries, HostFeatures features, TimeProvider clock, ILogger logger)
    {
        _instance = instance;
        _clusterCidr = clusterCidr;
        _clock = clock;
        _logger = logger;
        _process = new(instance, binaries, clock, logger);
        _network = new(instance);
        _hostPorts = new(instance.HostPortTable);
        Features = features;
        Runtime = new(instance.ContainerdSocket, clock) { HostPorts = _hostPorts };
        Images = new(binaries.Ctr, instance.ContainerdSocket, ContainerdConfig.Snapshotter(features));
    }

    public HostFeatures Features { get; }

    public CriRuntime Runtime { get; }

    public ImageImporter Images { get; }

    /// <summary>Whether containerd ran already, with what it had.</summary>
    public ContainerdOrigin Origin { get; private set; }

    /// <summary>Where pods' cgroups belong: a path for cgroupfs, a slice for systemd.</summary>
    public string CgroupRoot => Features.SystemdCgroup ? _instance.SystemdSlice : _instance.CgroupParent;

    /// <summary>Returns when pods can be run: network rules in the kernel, containerd answering, the sandbox image at hand.</summary>
    /// <param name="clusterCidr">Addresses of all nodes' pods.</param>
    /// <exception cref="NodePrerequisiteException">Something is missing on this machine; the message says what and the mend.</exception>
    public static async Task<NodeRuntime> StartAsync(
        NodeInstance instance, string clusterCidr, TimeProvider clock, ILogger logger, CancellationToken cancellation)
    {
        var binaries = ContainerdBinaries.Find();
        Directory.CreateDirectory(instance.ContainerdRoot);
        var features = await HostFeatures.DetectAsync(instance.ContainerdRoot, cancellation);
        var runtime = new NodeRuntime(instance, clusterCidr, binaries, features, clock, logger);
        try
        {
            await runtime._network.ApplyAsync(clusterCidr, cancellation);
            foreach (var chain in await ForwardPolicy.FindDroppingAsync(cancellation))
                runtime.LogForwardDropped(chain, instance.PodCidr);
            runtime.Origin = await runtime._process.EnsureRunningAsync(features, cancellation);
            if (await runtime.Runtime.ImageStatusAsync(new(PauseImage.Reference), cancellation) is null)
                await runtime.Images.EnsurePauseImageAsync(cancellation);
            await runtime._hostPorts.SyncAsync(runtime.Runtime, cancellation);
            return runtime;
        }
        catch
        {
            await runtime.DisposeAsync();
            throw;
        }
    }

    /// <summary>The importer of an instance whose containerd runs, for a process that does nothing else.</summary>
    public static async Task<ImageImporter> OpenImagesAsync(NodeInstance instance, CancellationToken cancellation)
    {
        var binaries = ContainerdBinaries.Find();
        if (!File.Exists(instance.ContainerdSocket))
        {
            throw new NodePrerequisiteException(
                $"no container runtime runs for {instance.DataDir}; start it with: coxswain up --data-dir {instance.DataDir}");
        }
        var features = await HostFeatures.DetectAsync(instance.ContainerdRoot, cancellation);
        return new(binaries.Ctr, instance.ContainerdSocket, ContainerdConfig.Snapshotter(features));
    }

    /// <summary>Keeps things as they are until cancelled: starts containerd again when it ended, puts back rules that somebody flushed,
    /// bounds containerd's log. A failure is logged and tried again.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var checkedRules = _clock.GetTimestamp();
        using var timer = new PeriodicTimer(Period, _clock);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            try
            {
                if (!_process.IsRunning)
                {
                    LogEnded();
                    await _process.EnsureRunningAsync(Features, cancellation);
                }
                if (_clock.GetElapsedTime(checkedRules) < RulePeriod)
                    continue;
                checkedRules = _clock.GetTimestamp();
                _process.RotateLog();
                await RepairRulesAsync(cancellation);
            }
            catch (Exception e) when (e is NodePrerequisiteException or RuntimeException or IOException or InvalidOperationException)
            {
                LogFailed(e.Message);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        Runtime.Dispose();
        _hostPorts.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Puts back what a flush of the whole rule set (a restart of nftables.service, for one) has taken.</summary>
    internal async Task RepairRulesAsync(CancellationToken cancellation)
    {
        var tables = await HostCommand.GetOutputAsync("nft", ["list", "tables", "ip"], input: null, cancellation);
        var present = tables.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (!present.Contains(_instance.PodNetworkTable))
        {
            LogRulesGone();
            await _network.ApplyAsync(_clusterCidr, cancellation);
        }
        if (!present.Contains(_instance.HostPortTable))
            _hostPorts.Forget();
        await _hostPorts.SyncAsync(Runtime, cancellation);
    }

    [LoggerMessage(1, LogLevel.Warning, "containerd has ended; starting it again")]
    private partial void LogEnded();

    [LoggerMessage(2, LogLevel.Warning, "The pod network's nftables rules are gone; putting them back")]
    private partial void LogRulesGone();

    [LoggerMessage(4, LogLevel.Warning, "The chain '{Chain}' drops forwarded packets unless another rule lets them pass: pods in {PodCidr} "
        + "may reach nobody. Let them pass in that chain, for instance: iptables -I FORWARD -s {PodCidr} -j ACCEPT; iptables -I FORWARD -d {PodCidr} -j ACCEPT")]
    private partial void LogForwardDropped(string chain, string podCidr);

    [LoggerMessage(3, LogLevel.Error, "The container runtime cannot be kept in order: {Reason}")]
    private partial void LogFailed(string reason);
}
