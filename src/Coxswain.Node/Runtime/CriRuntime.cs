using Coxswain.Grpc;
using Coxswain.Node.Network;
using Google.Protobuf;

namespace Coxswain.Node.Runtime;

/// <summary>A container runtime behind CRI v1 on a Unix socket.</summary>
/// <remarks>Every call has a deadline, so that a runtime that hangs costs a pod time and never the node agent. Calls connect when
/// made: the runtime may start later, and may restart, without this object noticing more than failed calls.</remarks>
public sealed class CriRuntime : IContainerRuntime, IDisposable
{
    /// <summary>What a call may take that does no more than look or flip a switch.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(2);

    /// <summary>What a call may take that runs plug-ins, mounts and starts processes.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    private readonly GrpcChannel _channel;

    /// <summary>A runtime by its socket; a leading <c>unix://</c> is understood.</summary>
    public CriRuntime(string endpoint, TimeProvider clock)
    {
        const string Scheme = "unix://";
        var path = endpoint.StartsWith(Scheme, StringComparison.Ordinal) ? endpoint[Scheme.Length..] : endpoint;
        _channel = GrpcChannel.ForUnixSocket(path, new() { Clock = clock });
    }

    /// <summary>Who makes pods reachable under the node's ports; null: nobody.</summary>
    public HostPorts? HostPorts { get; init; }

    public async Task<RuntimeVersion> VersionAsync(CancellationToken cancellation)
    {
        var answer = await CallAsync(CriMethods.Version, new() { Version = "v1" }, Short, cancellation);
        return new(answer.RuntimeName, answer.RuntimeVersion, answer.RuntimeApiVersion);
    }

    public async Task<RuntimeStatus> StatusAsync(CancellationToken cancellation) =>
        (await CallAsync(CriMethods.Status, new(), Short, cancellation)).ToRecord();

    public Task UpdateRuntimeConfigAsync(string podCidr, CancellationToken cancellation) =>
        CallAsync(CriMethods.UpdateRuntimeConfig,
            new() { RuntimeConfig = new() { NetworkConfig = new() { PodCidr = podCidr } } }, Short, cancellation);

    public async Task<string> RunPodSandboxAsync(PodSandboxConfig config, string runtimeHandler, CancellationToken cancellation)
    {
        var request = new Cri.RunPodSandboxRequest { Config = config.ToCri(), RuntimeHandler = runtimeHandler };
        if (HostPorts is null || !HostPorts.Mark(request.Config))
            return (await CallAsync(CriMethods.RunPodSandbox, request, Long, cancellation)).PodSandboxId;

        var id = (await CallAsync(CriMethods.RunPodSandbox, request, Long, cancellation)).PodSandboxId;
        await HostPorts.SyncAsync(this, cancellation);
        return id;
    }

    public async Task StopPodSandboxAsync(string podSandboxId, CancellationToken cancellation)
    {
        await EndAsync(CriMethods.StopPodSandbox, new() { PodSandboxId = podSandboxId }, Long, cancellation);
        // Before the address can be another pod's.
        if (HostPorts?.Has(podSandboxId) == true)
            await HostPorts.SyncAsync(this, cancellation);
    }

    public Task RemovePodSandboxAsync(string podSandboxId, CancellationToken cancellation) =>
        EndAsync(CriMethods.RemovePodSandbox, new() { PodSandboxId = podSandboxId }, Long, cancellation);

    public async Task<PodSandboxStatus> PodSandboxStatusAsync(string podSandboxId, CancellationToken cancellation) =>
        (await CallAsync(CriMethods.PodSandboxStatus, new() { PodSandboxId = podSandboxId }, Short, cancellation)).Status.ToRecord();

    public async Task<IReadOnlyList<PodSandbox>> ListPodSandboxesAsync(PodSandboxFilter? filter, CancellationToken cancellation)
    {
        var answer = await CallAsync(CriMethods.ListPodSandbox, new() { Filter = filter?.ToCri() }, Short, cancellation);
        return [.. answer.Items.Select(CriAnswers.ToRecord)];
    }

    public async Task<string> CreateContainerAsync(
        string podSandboxId, ContainerConfig config, PodSandboxConfig sandboxConfig, CancellationToken cancellation)
    {
        var request = new Cri.CreateContainerRequest
        {
            PodSandboxId = podSandboxId,
            Config = config.ToCri(),
            SandboxConfig = sandboxConfig.ToCri(),
        };
        return (await CallAsync(CriMethods.CreateContainer, request, Long, cancellation)).ContainerId;
    }

    public Task StartContainerAsync(string containerId, CancellationToken cancellation) =>
        CallAsync(CriMethods.StartContainer, new() { ContainerId = containerId }, Long, cancellation);

    public Task StopContainerAsync(string containerId, TimeSpan timeout, CancellationToken cancellation) =>
        EndAsync(CriMethods.StopContainer, new() { ContainerId = containerId, Timeout = Seconds(timeout) }, timeout + Short, cancellation);

    public Task RemoveContainerAsync(string containerId, CancellationToken cancellation) =>
        EndAsync(CriMethods.RemoveContainer, new() { ContainerId = containerId }, Long, cancellation);

    public async Task<IReadOnlyList<Container>> ListContainersAsync(ContainerFilter? filter, CancellationToken cancellation)
    {
        var answer = await CallAsync(CriMethods.ListContainers, new() { Filter = filter?.ToCri() }, Short, cancellation);
        return [.. answer.Containers.Select(CriAnswers.ToRecord)];
    }

    public async Task<ContainerStatus> ContainerStatusAsync(string containerId, CancellationToken cancellation) =>
        (await CallAsync(CriMethods.ContainerStatus, new() { ContainerId = containerId }, Short, cancellation)).Status.ToRecord();

    public Task UpdateContainerResourcesAsync(string containerId, LinuxContainerResources resources, CancellationToken cancellation) =>
        CallAsync(CriMethods.UpdateContainerResources, new() { ContainerId = containerId, Linux = resources.ToCri() }, Short, cancellation);

    public Task ReopenContainerLogAsync(string containerId, CancellationToken cancellation) =>
        CallAsync(CriMethods.ReopenContainerLog, new() { ContainerId = containerId }, Short, cancellation);

    public async Task<ExecSyncResult> ExecSyncAsync(
        string containerId, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellation)
    {
        var request = new Cri.ExecSyncRequest { ContainerId = containerId, Timeout = Seconds(timeout) };
        request.Cmd.AddRange(command);
        // The runtime's own limit comes first; ours is for a runtime that does not keep it.
        TimeSpan? deadline = timeout == TimeSpan.Zero ? null : timeout + Short;
        var answer = await CallAsync(CriMethods.ExecSync, request, deadline, cancellation);
        return new(answer.Stdout.Memory, answer.Stderr.Memory, answer.ExitCode);
    }

    public async Task<Uri> ExecAsync(ExecRequest request, CancellationToken cancellation)
    {
        var message = new Cri.ExecRequest
        {
            ContainerId = request.ContainerId,
            Tty = request.Tty,
            Stdin = request.Stdin,
            Stdout = request.Stdout,
            Stderr = request.Stderr,
        };
        message.Cmd.AddRange(request.Command);
        return new Uri((await CallAsync(CriMethods.Exec, message, Short, cancellation)).Url);
    }

    public async Task<Uri> AttachAsync(AttachRequest request, CancellationToken cancellation)
    {
        var message = new Cri.AttachRequest
        {
            ContainerId = request.ContainerId,
            Tty = request.Tty,
            Stdin = request.Stdin,
            Stdout = request.Stdout,
            Stderr = request.Stderr,
        };
        return new Uri((await CallAsync(CriMethods.Attach, message, Short, cancellation)).Url);
    }

    public async Task<Uri> PortForwardAsync(PortForwardRequest request, CancellationToken cancellation)
    {
        var message = new Cri.PortForwardRequest { PodSandboxId = request.PodSandboxId };
        message.Port.AddRange(request.Ports);
        return new Uri((await CallAsync(CriMethods.PortForward, message, Short, cancellation)).Url);
    }

    public async Task<ContainerStats> ContainerStatsAsync(string containerId, CancellationToken cancellation) =>
        (await CallAsync(CriMethods.ContainerStats, new() { ContainerId = containerId }, Short, cancellation)).Stats.ToRecord();

    public async Task<IReadOnlyList<ContainerStats>> ListContainerStatsAsync(ContainerFilter? filter, CancellationToken cancellation)
    {
        var answer = await CallAsync(CriMethods.ListContainerStats, new() { Filter = filter?.ToStatsFilter() }, Short, cancellation);
        return [.. answer.Stats.Select(CriAnswers.ToRecord)];
    }

    public async Task<IReadOnlyList<Image>> ListImagesAsync(string? image, CancellationToken cancellation)
    {
        var request = new Cri.ListImagesRequest();
        if (image is not null)
            request.Filter = new() { Image = new() { Image = image } };
        return [.. (await CallAsync(CriMethods.ListImages, request, Short, cancellation)).Images.Select(CriAnswers.ToRecord)];
    }

    public async Task<Image?> ImageStatusAsync(ImageSpec image, CancellationToken cancellation) =>
        (await CallAsync(CriMethods.ImageStatus, new() { Image = image.ToCri() }, Short, cancellation)).Image?.ToRecord();

    public async Task<string> PullImageAsync(
        ImageSpec image, AuthConfig? auth, PodSandboxConfig? sandboxConfig, CancellationToken cancellation)
    {
        var request = new Cri.PullImageRequest
        {
            Image = image.ToCri(),
            Auth = auth?.ToCri(),
            SandboxConfig = sandboxConfig?.ToCri(),
        };
        // No deadline: how long a large image takes is the line's business. The caller's token ends it.
        return (await CallAsync(CriMethods.PullImage, request, deadline: null, cancellation)).ImageRef;
    }

    public Task RemoveImageAsync(ImageSpec image, CancellationToken cancellation) =>
        EndAsync(CriMethods.RemoveImage, new() { Image = image.ToCri() }, Long, cancellation);

    public async Task<IReadOnlyList<FilesystemUsage>> ImageFsInfoAsync(CancellationToken cancellation) =>
        [.. (await CallAsync(CriMethods.ImageFsInfo, new(), Short, cancellation)).ImageFilesystems.Select(CriAnswers.ToRecord)];

    public void Dispose() => _channel.Dispose();

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan? deadline, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            return await _channel.CallAsync(method, request, deadline, cancellation);
        }
        catch (GrpcException e)
        {
            throw new RuntimeException((RuntimeErrorCode)e.Code, e.Detail, e);
        }
    }

    // CRI wants stopping and removing to succeed for what is gone; containerd keeps to it for some calls only.
    private async Task EndAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan deadline, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            await CallAsync(method, request, deadline, cancellation);
        }
        catch (RuntimeException gone) when (gone.Code == RuntimeErrorCode.NotFound)
        {
            // Gone is what was asked for.
        }
    }

    // Up, since zero means "at once" to one method and "for ever" to another.
    private static long Seconds(TimeSpan timeout) => (long)Math.Ceiling(timeout.TotalSeconds);
}
