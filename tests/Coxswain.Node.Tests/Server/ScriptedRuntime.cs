using Coxswain.Node.Runtime;

namespace Coxswain.Node.Tests.Server;

/// <summary>A runtime that answers what the node's API asks, as a test says. Everything else is a bug of the test's.</summary>
internal sealed class ScriptedRuntime : IContainerRuntime
{
    public Uri? StreamingAddress { get; set; }
    public ExecRequest? LastExec { get; private set; }
    public AttachRequest? LastAttach { get; private set; }
    public PortForwardRequest? LastPortForward { get; private set; }
    public Func<string, ContainerState> State { get; set; } = _ => ContainerState.Running;
    public Func<string, Task> Reopen { get; set; } = _ => Task.CompletedTask;
    public IReadOnlyList<ContainerStats> Stats { get; set; } = [];
    public RuntimeException? Failure { get; set; }

    public Task<Uri> ExecAsync(ExecRequest request, CancellationToken cancellation)
    {
        LastExec = request;
        return Failure is null ? Task.FromResult(StreamingAddress!) : Task.FromException<Uri>(Failure);
    }

    public Task<Uri> AttachAsync(AttachRequest request, CancellationToken cancellation)
    {
        LastAttach = request;
        return Task.FromResult(StreamingAddress!);
    }

    public Task<Uri> PortForwardAsync(PortForwardRequest request, CancellationToken cancellation)
    {
        LastPortForward = request;
        return Task.FromResult(StreamingAddress!);
    }

    public Task<ExecSyncResult> ExecSyncAsync(string containerId, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellation) =>
        Task.FromResult(new ExecSyncResult(System.Text.Encoding.UTF8.GetBytes(string.Join('|', command)), default, 0));

    public Task<ContainerStatus> ContainerStatusAsync(string containerId, CancellationToken cancellation) =>
        Task.FromResult(new ContainerStatus
        {
            Id = containerId,
            Metadata = new("main", 0),
            State = State(containerId),
            CreatedAt = default,
            Image = new("image"),
        });

    public Task ReopenContainerLogAsync(string containerId, CancellationToken cancellation) => Reopen(containerId);

    public Task<IReadOnlyList<ContainerStats>> ListContainerStatsAsync(ContainerFilter? filter, CancellationToken cancellation) => Task.FromResult(Stats);

    public Task<RuntimeVersion> VersionAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task<RuntimeStatus> StatusAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task UpdateRuntimeConfigAsync(string podCidr, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string> RunPodSandboxAsync(PodSandboxConfig config, string runtimeHandler, CancellationToken cancellation) => throw new NotSupportedException();

    public Task StopPodSandboxAsync(string podSandboxId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task RemovePodSandboxAsync(string podSandboxId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<PodSandboxStatus> PodSandboxStatusAsync(string podSandboxId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<PodSandbox>> ListPodSandboxesAsync(PodSandboxFilter? filter, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string> CreateContainerAsync(string podSandboxId, ContainerConfig config, PodSandboxConfig sandboxConfig, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task StartContainerAsync(string containerId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task StopContainerAsync(string containerId, TimeSpan timeout, CancellationToken cancellation) => throw new NotSupportedException();

    public Task RemoveContainerAsync(string containerId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<Container>> ListContainersAsync(ContainerFilter? filter, CancellationToken cancellation) => throw new NotSupportedException();

    public Task UpdateContainerResourcesAsync(string containerId, LinuxContainerResources resources, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<ContainerStats> ContainerStatsAsync(string containerId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<Image>> ListImagesAsync(string? image, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Image?> ImageStatusAsync(ImageSpec image, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string> PullImageAsync(ImageSpec image, AuthConfig? auth, PodSandboxConfig? sandboxConfig, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task RemoveImageAsync(ImageSpec image, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<FilesystemUsage>> ImageFsInfoAsync(CancellationToken cancellation) => throw new NotSupportedException();
}
