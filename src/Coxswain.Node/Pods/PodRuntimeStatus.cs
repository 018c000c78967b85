using System.Globalization;
using Coxswain.Node.Runtime;

namespace Coxswain.Node.Pods;

/// <summary>One instance of a container as the runtime has it.</summary>
internal sealed record ContainerInstance(string Name, string SandboxId, ContainerStatus Status)
{
    public string Id => Status.Id;
    public ContainerState State => Status.State;
    public string Hash => Status.Annotations.GetValueOrDefault(RuntimeLabels.ContainerHash, "");

    /// <summary>How often the container had been restarted when this instance was made.</summary>
    public int RestartCount =>
        int.TryParse(Status.Annotations.GetValueOrDefault(RuntimeLabels.RestartCount), CultureInfo.InvariantCulture, out var count)
            ? count
            : (int)Status.Metadata.Attempt;
}

/// <summary>What the runtime has of one pod: sandboxes and containers, the newest first.</summary>
internal sealed record PodRuntimeStatus(IReadOnlyList<PodSandboxStatus> Sandboxes, IReadOnlyList<ContainerInstance> Containers)
{
    public static PodRuntimeStatus Empty { get; } = new([], []);

    public PodSandboxStatus? Sandbox => Sandboxes.Count > 0 ? Sandboxes[0] : null;

    /// <summary>Addresses of the newest sandbox while it is ready.</summary>
    public IReadOnlyList<string> IPs => Sandbox is { State: PodSandboxState.Ready } sandbox ? sandbox.IPs : [];

    public bool AnythingRuns =>
        Sandboxes.Any(sandbox => sandbox.State == PodSandboxState.Ready) || Containers.Any(c => c.State == ContainerState.Running);

    /// <summary>The newest instance of a container.</summary>
    public ContainerInstance? Find(string name) =>
        Containers.FirstOrDefault(container => string.Equals(container.Name, name, StringComparison.Ordinal));
}

/// <summary>Reads what the runtime has of a pod, by the labels we gave it.</summary>
/// <remarks>Statuses of exited containers never change and are kept, so that a pod with a long history costs little. Safe for concurrent use
/// for different pods.</remarks>
internal sealed class PodRuntimeReader(IContainerRuntime runtime, string uid)
{
    private readonly Dictionary<string, ContainerStatus> _exited = new(StringComparer.Ordinal);

    public async Task<PodRuntimeStatus> ReadAsync(CancellationToken cancellation)
    {
        var ofPod = new Dictionary<string, string>(StringComparer.Ordinal) { [RuntimeLabels.PodUid] = uid };
        var sandboxes = new List<PodSandboxStatus>();
        foreach (var sandbox in await runtime.ListPodSandboxesAsync(new() { LabelSelector = ofPod }, cancellation))
        {
            if (await FindAsync(() => runtime.PodSandboxStatusAsync(sandbox.Id, cancellation)) is { } status)
                sandboxes.Add(status);
        }

        var containers = new List<ContainerInstance>();
        var listed = await runtime.ListContainersAsync(new() { LabelSelector = ofPod }, cancellation);
        foreach (var container in listed)
        {
            if (!_exited.TryGetValue(container.Id, out var status))
            {
                status = await FindAsync(() => runtime.ContainerStatusAsync(container.Id, cancellation));
                if (status is null)
                    continue;
                if (status.State == ContainerState.Exited)
                    _exited[container.Id] = status = status with { Message = TerminationMessages.Of(status) };
            }

            containers.Add(new(container.Labels.GetValueOrDefault(RuntimeLabels.ContainerName, container.Metadata.Name), container.PodSandboxId, status));
        }

        foreach (var gone in _exited.Keys.Except(listed.Select(container => container.Id), StringComparer.Ordinal).ToArray())
            _exited.Remove(gone);

        return new(
            [.. sandboxes.OrderByDescending(s => s.Metadata.Attempt).ThenByDescending(s => s.CreatedAt)],
            [.. containers.OrderByDescending(c => c.Status.CreatedAt).ThenByDescending(c => c.RestartCount)]);
    }

    // What is listed may be gone a moment later.
    private static async Task<T?> FindAsync<T>(Func<Task<T>> read) where T : class
    {
        try
        {
            return await read();
        }
        catch (RuntimeException gone) when (gone.Code == RuntimeErrorCode.NotFound)
        {
            return null;
        }
    }
}
