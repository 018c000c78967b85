using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

internal sealed record ContainerToKill(string Name, ContainerInstance Instance, string Message, KillReason Reason);

internal enum KillReason
{
    Other,
    LivenessProbe,
    StartupProbe,
}

/// <summary>What has to be done to make a pod what its spec says, given what runs.</summary>
internal sealed record PodActions
{
    /// <summary>Stop everything there is, sandbox included.</summary>
    public bool KillPod { get; init; }

    public bool CreateSandbox { get; init; }

    /// <summary>The sandbox in use, when none is to be made.</summary>
    public string SandboxId { get; init; } = "";

    /// <summary>Number of the next sandbox.</summary>
    public uint Attempt { get; init; }

    public IReadOnlyList<ContainerToKill> ToKill { get; init; } = [];
    public IReadOnlyList<Container> EphemeralToStart { get; init; } = [];
    public IReadOnlyList<Container> InitToStart { get; init; } = [];
    public IReadOnlyList<Container> ToStart { get; init; } = [];
}
