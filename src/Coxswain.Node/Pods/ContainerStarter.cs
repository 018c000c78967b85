using System.Globalization;
using System.Security.Cryptography;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Coxswain.Node.Volumes;
using Container = Coxswain.Api.Core.V1.Container;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Pods;

/// <summary>What one pass has made ready for the containers it starts.</summary>
internal sealed record PassContext
{
    public required Pod Pod { get; init; }
    public required PodRuntimeStatus Status { get; init; }
    public required NodeContext Node { get; init; }
    public required IReadOnlyDictionary<string, ReadyVolume> Volumes { get; init; }
    public required string SandboxId { get; init; }
    public required PodSandboxConfig SandboxConfig { get; init; }
    public required IReadOnlyList<string> PodIPs { get; init; }
}

/// <summary>Starts one container: back-off, image, configuration, creation, start, hook.</summary>
internal sealed class ContainerStarter(
    IContainerRuntime runtime, ImagePuller images, EnvironmentBuilder environment, ContainerMounts mounts, PodDirectories directories,
    HookRunner hooks, ContainerKiller killer, IPodEvents events, CgroupFeatures cgroups, NodeAgentOptions options, TimeProvider clock)
{
    private readonly BackOff _backOff = new(TimeSpan.FromSeconds(10), options.MaxContainerBackOff, clock);

    /// <exception cref="ContainerStartException">It does not run, and why.</exception>
    public async Task StartAsync(PassContext pass, Container container, ContainerRole role, CancellationToken cancellation)
    {
        var pod = pass.Pod;
        var fieldPath = PodContainers.FieldPath(container.Name, role);

        // 1. Not too soon after it failed.
        CheckBackOff(pass, container, fieldPath);

        // 2. The image.
        string imageRef;
        try
        {
            imageRef = await images.EnsureAsync(pod, container, fieldPath, pass.SandboxConfig, cancellation);
        }
        catch (ContainerStartException failed)
        {
            events.Warning(pod, "Failed", $"Error: {failed.Reason}", fieldPath);
            throw;
        }

        // 3. The configuration.
        var last = pass.Status.Find(container.Name);
        var restartCount = last is null ? 0 : last.RestartCount + 1;
        ContainerConfig config;
        try
        {
            config = await ConfigureAsync(pass, container, role, imageRef, restartCount, cancellation);
        }
        catch (ContainerConfigException wrong)
        {
            events.Warning(pod, "Failed", $"Error: {wrong.Message}", fieldPath);
            throw new ContainerStartException("CreateContainerConfigError", wrong.Message);
        }

        // 4. Creation.
        var id = await TryAsync("CreateContainerError", () => runtime.CreateContainerAsync(pass.SandboxId, config, pass.SandboxConfig, cancellation));
        events.Normal(pod, "Created", "Container created", fieldPath);

        // 5. Start.
        await TryAsync("RunContainerError", async () =>
        {
            await runtime.StartContainerAsync(id, cancellation);
            return id;
        });
        events.Normal(pod, "Started", "Container started", fieldPath);

        // 6. The hook; a container whose hook fails is stopped, and started again as its policy says.
        if (container.Lifecycle?.PostStart is { } postStart)
            await PostStartAsync(pass, container, id, fieldPath, postStart, cancellation);

        async Task<string> TryAsync(string reason, Func<Task<string>> step)
        {
            try
            {
                return await step();
            }
            catch (RuntimeException refused)
            {
                events.Warning(pod, "Failed", $"Error: {refused.Detail}", fieldPath);
                throw new ContainerStartException(reason, refused.Detail);
            }
        }
    }

    /// <summary>Forgets failures that are long past.</summary>
    public void Collect() => _backOff.Collect();

    private void CheckBackOff(PassContext pass, Container container, string fieldPath)
    {
        var exited = pass.Status.Containers.FirstOrDefault(
            c => c.State == ContainerState.Exited && string.Equals(c.Name, container.Name, StringComparison.Ordinal));
        if (exited is null)
            return;
        var key = $"{pass.Pod.Metadata.Uid}/{container.Name}/{ContainerHash.Of(container)}";
        var finished = exited.Status.FinishedAt ?? exited.Status.CreatedAt;
        if (_backOff.Remaining(key, finished) is var remaining && remaining > TimeSpan.Zero)
        {
            var name = PodContainers.Describe(pass.Pod);
            events.Warning(pass.Pod, "BackOff", $"Back-off restarting failed container {container.Name} in pod {name}", fieldPath);
            throw new ContainerStartException(
                "CrashLoopBackOff",
                $"back-off {GoDuration.Format(_backOff.Get(key))} restarting failed container={container.Name} pod={name}",
                remaining);
        }

        _backOff.Next(key, finished);
    }

    private async Task<ContainerConfig> ConfigureAsync(
        PassContext pass, Container container, ContainerRole role, string imageRef, int restartCount, CancellationToken cancellation)
    {
        var pod = pass.Pod;
        var image = await runtime.ImageStatusAsync(new ImageSpec(imageRef), cancellation);
        SecurityContexts.VerifyNonRoot(pod, container, image);

        var facts = new PodFacts { HostIPs = pass.Node.HostIPs, PodIPs = pass.PodIPs };
        var envs = await environment.BuildAsync(pod, container, facts, pass.Node.Allocatable, cancellation);
        var lookup = envs.ToDictionary(env => env.Key, env => env.Value, StringComparer.Ordinal);
        var logFolder = Path.Combine(pass.SandboxConfig.LogDirectory, container.Name);
        Directory.CreateDirectory(logFolder);

        string? target = null;
        if (role == ContainerRole.Ephemeral)
            target = TargetOf(pass, container);
        return new()
        {
            Metadata = new(container.Name, (uint)restartCount),
            Image = new ImageSpec(imageRef),
            Command = VariableExpansion.ExpandAll(container.Command, lookup.GetValueOrDefault),
            Args = VariableExpansion.ExpandAll(container.Args, lookup.GetValueOrDefault),
            WorkingDir = container.WorkingDir,
            Envs = envs,
            Mounts = [.. mounts.For(pod, container, pass.Volumes, envs), .. OwnMounts(pass, container)],
            Labels = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [RuntimeLabels.PodName] = pod.Metadata.Name,
                [RuntimeLabels.PodNamespace] = pod.Metadata.Namespace,
                [RuntimeLabels.PodUid] = pod.Metadata.Uid,
                [RuntimeLabels.ContainerName] = container.Name,
            },
            Annotations = AnnotationsOf(pod, container, restartCount),
            LogPath = Path.Combine(container.Name, restartCount.ToString(CultureInfo.InvariantCulture) + ".log"),
            Stdin = container.Stdin,
            StdinOnce = container.StdinOnce,
            Tty = container.Tty,
            Linux = new()
            {
                Resources = LinuxResources.For(pod, container, pass.Node, cgroups, options.CpuCfsQuota),
                SecurityContext = SecurityContexts.For(pod, container, image, directories.SeccompProfiles, target),
            },
        };
    }

    private static Dictionary<string, string> AnnotationsOf(Pod pod, Container container, int restartCount)
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [RuntimeLabels.ContainerHash] = ContainerHash.Of(container),
            [RuntimeLabels.RestartCount] = restartCount.ToString(CultureInfo.InvariantCulture),
            [RuntimeLabels.TerminationMessagePath] = container.TerminationMessagePath,
            [RuntimeLabels.TerminationMessagePolicy] = container.TerminationMessagePolicy,
        };
        if (pod.Spec.TerminationGracePeriodSeconds is { } grace)
            annotations[RuntimeLabels.TerminationGracePeriod] = grace.ToString(CultureInfo.InvariantCulture);
        if (pod.Metadata.DeletionGracePeriodSeconds is { } deletion)
            annotations[RuntimeLabels.DeletionGracePeriod] = deletion.ToString(CultureInfo.InvariantCulture);
        return annotations;
    }

    /// <summary>/etc/hosts and the file of last words, unless the container brings its own.</summary>
    private IEnumerable<Mount> OwnMounts(PassContext pass, Container container)
    {
        var pod = pass.Pod;
        const string hosts = "/etc/hosts";
        if ((pass.PodIPs.Count > 0 || pod.Spec.HostNetwork) && !container.VolumeMounts.Any(mount => mount.MountPath == hosts))
        {
            yield return new() { ContainerPath = hosts, HostPath = WriteHostsFile(pass), Readonly = container.SecurityContext?.ReadOnlyRootFilesystem == true };
        }

        if (container.TerminationMessagePath.Length > 0)
        {
            var folder = directories.Container(pod.Metadata.Uid, container.Name);
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, RandomNumberGenerator.GetHexString(8, lowercase: true));
            File.WriteAllBytes(file, []);
            // Whatever user the container runs as must be able to leave a word.
            File.SetUnixFileMode(file, FileModes.From(0x1B6 /* 0666 */));
            yield return new() { ContainerPath = container.TerminationMessagePath, HostPath = file };
        }
    }

    private string WriteHostsFile(PassContext pass)
    {
        var pod = pass.Pod;
        var path = directories.HostsFile(pod.Metadata.Uid);
        var (hostname, domain) = PodHostname.Of(pod, options.ClusterDomain);
        var text = pod.Spec.HostNetwork
            ? HostsFile.RenderForHostNetwork(File.Exists("/etc/hosts") ? File.ReadAllText("/etc/hosts") : "", pod.Spec.HostAliases)
            : HostsFile.Render(pass.PodIPs, hostname, domain, pod.Spec.HostAliases);
        // Written in place: containers that run have this very file mounted.
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, FileModes.From(0x1A4 /* 0644 */));
        return path;
    }

    private static string? TargetOf(PassContext pass, Container container)
    {
        var wanted = pass.Pod.Spec.EphemeralContainers
            .FirstOrDefault(e => string.Equals(e.Name, container.Name, StringComparison.Ordinal))?.TargetContainerName;
        if (string.IsNullOrEmpty(wanted))
            return null;
        var instance = pass.Status.Find(wanted)
            ?? throw new ContainerConfigException($"unable to find target container {wanted}");
        return instance.State == ContainerState.Running
            ? instance.Id
            : throw new ContainerConfigException($"target container \"{wanted}\" is not running");
    }

    private async Task PostStartAsync(
        PassContext pass, Container container, string id, string fieldPath, LifecycleHandler hook, CancellationToken cancellation)
    {
        try
        {
            var ip = pass.PodIPs.Count > 0 ? pass.PodIPs[0] : "";
            await hooks.RunAsync(hook, new ProbeTarget(pass.Pod, container, id, ip), cancellation);
        }
        catch (HookException failed)
        {
            events.Warning(pass.Pod, "FailedPostStartHook", "PostStartHook failed", fieldPath);
            var status = await runtime.ContainerStatusAsync(id, cancellation);
            await killer.KillAsync(
                pass.Pod, new(container.Name, pass.SandboxId, status), "FailedPostStartHook", KillReason.Other, null, cancellation);
            throw new ContainerStartException("PostStartHookError", failed.Message);
        }
    }
}
