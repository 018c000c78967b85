using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Coxswain.Node.Status;
using Coxswain.Node.Volumes;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Pods;

/// <summary>Everything pod workers share. Made once by the agent.</summary>
internal sealed record PodServices
{
    public required NodeAgentOptions Options { get; init; }
    public required IContainerRuntime Runtime { get; init; }
    public required IPodEvents Events { get; init; }
    public required IProber Prober { get; init; }
    public required ProbeResults ProbeResults { get; init; }
    public required PodSync Sync { get; init; }
    public required ContainerKiller Killer { get; init; }
    public required PodPruner Pruner { get; init; }
    public required VolumeManager Volumes { get; init; }
    public required PodDirectories Directories { get; init; }
    public required PodCgroups Cgroups { get; init; }
    public required PodStatusWriter StatusWriter { get; init; }
    public required TimeProvider Clock { get; init; }
    public required ILogger Logger { get; init; }

    /// <summary>The node as it is now.</summary>
    public required Func<NodeContext> Node { get; init; }

    /// <summary>The scheme of container ids.</summary>
    public required string RuntimeName { get; init; }

    /// <summary>Why the pod network cannot be used yet; null when it can.</summary>
    public required Func<string?> NetworkProblem { get; init; }
}
