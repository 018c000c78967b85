namespace Coxswain.Node.Runtime;

/// <summary>What a node can do to sandboxes, containers and images: the Container Runtime Interface in records of our own.</summary>
/// <remarks>
/// Names and meanings are CRI's (runtime.v1). Every method that changes something is idempotent as CRI demands: stopping what is stopped and
/// removing what is gone succeed. A refusal of the runtime is a <see cref="RuntimeException"/> that carries the gRPC status code;
/// a lookup of something absent has the code <see cref="RuntimeErrorCode.NotFound"/>. Safe for concurrent use.
/// Cancelling ends the wait; whether the runtime had done its work by then is unknown.
/// </remarks>
public interface IContainerRuntime
{
    Task<RuntimeVersion> VersionAsync(CancellationToken cancellation);

    Task<RuntimeStatus> StatusAsync(CancellationToken cancellation);

    /// <summary>Tells the runtime the pod address range of this node (empty: no change).</summary>
    Task UpdateRuntimeConfigAsync(string podCidr, CancellationToken cancellation);

    /// <summary>Creates and starts a sandbox, its network included; returns the sandbox id.</summary>
    Task<string> RunPodSandboxAsync(PodSandboxConfig config, string runtimeHandler, CancellationToken cancellation);

    /// <summary>Stops every process of the sandbox and gives its network back. The sandbox stays listed until it is removed.</summary>
    Task StopPodSandboxAsync(string podSandboxId, CancellationToken cancellation);

    /// <summary>Removes the sandbox and, by force, all containers in it.</summary>
    Task RemovePodSandboxAsync(string podSandboxId, CancellationToken cancellation);

    Task<PodSandboxStatus> PodSandboxStatusAsync(string podSandboxId, CancellationToken cancellation);

    Task<IReadOnlyList<PodSandbox>> ListPodSandboxesAsync(PodSandboxFilter? filter, CancellationToken cancellation);

    /// <summary>Creates a container in a sandbox without starting it; returns the container id.</summary>
    Task<string> CreateContainerAsync(
        string podSandboxId, ContainerConfig config, PodSandboxConfig sandboxConfig, CancellationToken cancellation);

    Task StartContainerAsync(string containerId, CancellationToken cancellation);

    /// <summary>Sends the stop signal, waits up to <paramref name="timeout"/>, then kills. Returns when the container has exited.</summary>
    Task StopContainerAsync(string containerId, TimeSpan timeout, CancellationToken cancellation);

    Task RemoveContainerAsync(string containerId, CancellationToken cancellation);

    Task<IReadOnlyList<Container>> ListContainersAsync(ContainerFilter? filter, CancellationToken cancellation);

    Task<ContainerStatus> ContainerStatusAsync(string containerId, CancellationToken cancellation);

    Task UpdateContainerResourcesAsync(string containerId, LinuxContainerResources resources, CancellationToken cancellation);

    /// <summary>Has the runtime close and open the container's log file again, after the file was rotated away.</summary>
    Task ReopenContainerLogAsync(string containerId, CancellationToken cancellation);

    /// <summary>Runs a command in a container and waits for it. <paramref name="timeout"/> zero: no limit of the runtime's;
    /// when it passes, the code is <see cref="RuntimeErrorCode.DeadlineExceeded"/>.</summary>
    Task<ExecSyncResult> ExecSyncAsync(
        string containerId, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellation);

    /// <summary>Prepares a streaming exec; the address is the runtime's streaming server's.</summary>
    Task<Uri> ExecAsync(ExecRequest request, CancellationToken cancellation);

    Task<Uri> AttachAsync(AttachRequest request, CancellationToken cancellation);

    Task<Uri> PortForwardAsync(PortForwardRequest request, CancellationToken cancellation);

    Task<ContainerStats> ContainerStatsAsync(string containerId, CancellationToken cancellation);

    Task<IReadOnlyList<ContainerStats>> ListContainerStatsAsync(ContainerFilter? filter, CancellationToken cancellation);

    Task<IReadOnlyList<Image>> ListImagesAsync(string? image, CancellationToken cancellation);

    /// <summary>The image, or null when the runtime does not have it.</summary>
    Task<Image?> ImageStatusAsync(ImageSpec image, CancellationToken cancellation);

    /// <summary>Pulls an image and returns the reference by which containers are to name it.</summary>
    Task<string> PullImageAsync(ImageSpec image, AuthConfig? auth, PodSandboxConfig? sandboxConfig, CancellationToken cancellation);

    Task RemoveImageAsync(ImageSpec image, CancellationToken cancellation);

    /// <summary>Usage of the file systems that hold images.</summary>
    Task<IReadOnlyList<FilesystemUsage>> ImageFsInfoAsync(CancellationToken cancellation);
}
