using System.Reflection;
using Coxswain.Cli;
using Coxswain.Lifecycle;
using Coxswain.Logging;
using Coxswain.Node.Containerd;
using Coxswain.Node.Host;
using Coxswain.Node.Images;
using Coxswain.Node.Runtime;
using Coxswain.Proxy;
using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>Starts, stops and removes an instance: what the commands ask for, done with the modules.</summary>
internal sealed class InstanceHost(TimeProvider clock) : IInstanceHost
{
    private static readonly TimeSpan PodStopLimit = TimeSpan.FromMinutes(2);

    public void Check(ClusterOptions options) => ApiServerSetup.Check(options);

    public IStateHost State { get; } = new StateHost(Version, clock);

    public IReadOnlyList<string> ValuesOf(string setting) => ApiServerSetup.ValuesOf(setting);

    public async Task RunAsync(ClusterOptions options, IProgress<PhaseReport> progress, Action ready, CancellationToken cancellation)
    {
        var directory = options.Directory;
        directory.Create();
        using var claim = InstanceLock.Acquire(directory);
        using var loggers = LoggerFactory.Create(b => b
            .AddProvider(new LineLoggerProvider(Console.Error, LogLevel.Information, clock))
            .AddFilter("Microsoft", LogLevel.Warning));
        var logger = loggers.CreateLogger("Coxswain");
        File.Delete(directory.DownRequest);
        var record = new InstanceRecord(
            Environment.ProcessId, ProcessTable.StartTicks(Environment.ProcessId) ?? 0, "", Version, options.RunNode ? options.NodeName : null, clock.GetUtcNow(), null);
        record.Write(directory);
        InstanceSettings.Write(options);

        await using var background = new Supervisor(clock, logger);
        var hostAddresses = HostAddress.All();
        var shown = new LoggedProgress(progress, logger);
        await using var controlPlane = new ControlPlane(options, shown, clock, loggers);
        await using var node = options.RunNode ? new NodeModules(options, controlPlane, clock, loggers) : null;
        try
        {
            await PhaseRunner.RunAsync(Phases(), shown, clock, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NodePrerequisiteException or RuntimeException)
        {
            throw new LifecycleException(e.Message, e);
        }

        (record with { Server = controlPlane.Address.GetLeftPart(UriPartial.Authority), ReadyAt = clock.GetUtcNow() }).Write(directory);
        background.Run("log rotation", stop => LogRotation.RunAsync(directory.Log, clock, stop));
        ready();

        try
        {
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }

        if (node is not null && File.Exists(directory.DownRequest))
        {
            using var limit = new CancellationTokenSource(PodStopLimit, clock);
            await node.StopPodsAsync(limit.Token).ConfigureAwait(false);
        }

        File.Delete(directory.InstanceFile);

        IEnumerable<Phase> Phases()
        {
            if (node is not null)
            {
                yield return new("this machine", NodeModules.CheckAsync);
                node.BeginContainerd();
            }

            foreach (var phase in controlPlane.StartPhases(hostAddresses))
                yield return phase;
            foreach (var phase in node?.StartPhases() ?? [])
                yield return phase;
        }
    }

    public Task StopNodeAsync(InstanceDirectory directory, IProgress<PhaseReport> progress, CancellationToken cancellation)
    {
        var instance = NodeInstance.ForDataDir(directory.Root);
        if (!Directory.Exists(instance.NodeDir))
            return Task.CompletedTask;
        return PhaseRunner.RunAsync([new("containers", StopContainersAsync)], progress, clock, cancellation);

        async Task<string?> StopContainersAsync(CancellationToken token)
        {
            using var quiet = LoggerFactory.Create(_ => { });
            var containerd = new ContainerdProcess(instance, ContainerdBinaries.Find(), clock, quiet.CreateLogger("Coxswain.Node.Containerd"));
            if (!containerd.IsRunning)
                return null;
            var stopped = 0;
            using (var runtime = new CriRuntime(instance.ContainerdSocket, clock))
            {
                var sandboxes = await runtime.ListPodSandboxesAsync(null, token).ConfigureAwait(false);
                var containers = await runtime.ListContainersAsync(null, token).ConfigureAwait(false);
                await Parallel.ForEachAsync(containers, token, async (c, t) => await runtime.StopContainerAsync(c.Id, TimeSpan.FromSeconds(30), t).ConfigureAwait(false)).ConfigureAwait(false);
                await Parallel.ForEachAsync(sandboxes, token, async (s, t) => await runtime.StopPodSandboxAsync(s.Id, t).ConfigureAwait(false)).ConfigureAwait(false);
                stopped = sandboxes.Count;
            }

            await containerd.StopAsync(token).ConfigureAwait(false);
            return $"{stopped} pods, containerd";
        }
    }

    public Task ResetAsync(InstanceDirectory directory, IProgress<PhaseReport> progress, CancellationToken cancellation)
    {
        var instance = NodeInstance.ForDataDir(directory.Root);
        var phases = new List<Phase>();
        if (Directory.Exists(instance.NodeDir) || Directory.Exists(instance.RunDir))
        {
            phases.Add(new("service rules", async token =>
            {
                await new NftablesApplier().ApplyAsync(ServiceProxy.RemovalTransaction(NodeModules.ProxyTable(instance)), token).ConfigureAwait(false);
                return null;
            }));
            phases.Add(new("node", async token =>
            {
                using var quiet = LoggerFactory.Create(_ => { });
                await new InstanceCleaner(instance, clock, quiet.CreateLogger("Coxswain.Node")).RemoveAllAsync(token).ConfigureAwait(false);
                return null;
            }));
        }

        phases.Add(new("files", _ =>
        {
            Directory.Delete(directory.Root, recursive: true);
            return Task.FromResult<string?>(directory.Root);
        }));
        return PhaseRunner.RunAsync(phases, progress, clock, cancellation);
    }

    public async Task<IReadOnlyList<string>> ImportImageAsync(InstanceDirectory directory, string archive, CancellationToken cancellation)
    {
        var instance = NodeInstance.ForDataDir(directory.Root);
        try
        {
            var images = await NodeRuntime.OpenImagesAsync(instance, cancellation).ConfigureAwait(false);
            return await images.ImportAsync(archive, null, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ImageArchiveException or NodePrerequisiteException)
        {
            throw new LifecycleException(e.Message, e);
        }
    }

    internal static string Version =>
        typeof(InstanceHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>What the terminal shows is in the log, too.</summary>
    private sealed class LoggedProgress(IProgress<PhaseReport> shown, ILogger logger) : IProgress<PhaseReport>
    {
        public void Report(PhaseReport value)
        {
            shown.Report(value);
#pragma warning disable CA2254 // The report is the message.
            logger.Log(value.Error is null ? LogLevel.Information : LogLevel.Error, value.ToString());
#pragma warning restore CA2254
        }
    }
}
