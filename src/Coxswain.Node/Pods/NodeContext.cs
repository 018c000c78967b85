using Coxswain.Api;

namespace Coxswain.Node.Pods;

/// <summary>What the making of pods needs to know of its node; one immutable answer per pass.</summary>
internal sealed record NodeContext
{
    public required string NodeName { get; init; }
    public required IReadOnlyList<string> HostIPs { get; init; }
    public required IReadOnlyDictionary<string, Quantity> Capacity { get; init; }
    public required IReadOnlyDictionary<string, Quantity> Allocatable { get; init; }

    public long MemoryCapacity => Capacity.TryGetValue("memory", out var memory) ? memory.Value : 0;
}
