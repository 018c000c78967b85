using Coxswain.Api;

namespace Coxswain.Simulation;

/// <summary>How many nodes are simulated, and what they are like.</summary>
public sealed record SimulationOptions
{
    /// <summary>How many nodes there are; those of an earlier run beyond this number are removed.</summary>
    public required int Nodes { get; init; }

    /// <summary>The nodes are dealt out to this many zones in turn.</summary>
    public int Zones { get; init; } = 3;

    /// <summary>How long after its binding a pod becomes Ready.</summary>
    public TimeSpan PodStartDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a node has, and all of it is for pods.</summary>
    public ApiMap<Quantity> Capacity { get; init; } = ApiMap.Of("cpu", Quantity.Parse("32")).With("memory", Quantity.Parse("256Gi"))
        .With("ephemeral-storage", Quantity.Parse("100Gi")).With("pods", Quantity.Parse("110"));

    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>What the nodes say that they run.</summary>
    public string Version { get; init; } = "v1.36.0";

    public static string NameOf(int index) => $"simulated-{index:d5}";
}
