using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>The pods of this node, for those who serve logs, exec, attach, port-forward and statistics.</summary>
/// <remarks>Answers are snapshots of what the node agent knows now. Safe for concurrent use; never blocks on the runtime.</remarks>
public interface IPodDirectory
{
    /// <summary>The pod, or null. A <paramref name="uid"/> that is not null must match too.</summary>
    PodEntry? Find(string podNamespace, string name, string? uid);

    IReadOnlyList<PodEntry> List();
}

/// <summary>A pod and what the runtime holds of it.</summary>
public sealed record PodEntry
{
    /// <summary>The pod with its newest status as this node knows it (which may be ahead of the API server's).</summary>
    public required Pod Pod { get; init; }

    /// <summary>The newest sandbox, or null before there is one.</summary>
    public required string? SandboxId { get; init; }

    /// <summary>Every instance of every container, the newest first within a name; init and ephemeral ones included.</summary>
    public required IReadOnlyList<PodEntryContainer> Containers { get; init; }

    /// <summary>The newest instance of a container, or with <paramref name="previous"/> the one before.</summary>
    public PodEntryContainer? FindContainer(string name, bool previous = false) =>
        Containers.Where(container => string.Equals(container.Name, name, StringComparison.Ordinal)).Skip(previous ? 1 : 0).FirstOrDefault();
}

/// <param name="LogPath">The whole path of the log file on the host.</param>
public sealed record PodEntryContainer(string Name, string Id, bool Running, int Attempt, string LogPath);
