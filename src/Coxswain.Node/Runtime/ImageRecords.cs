using System.Collections.Frozen;

namespace Coxswain.Node.Runtime;

public sealed record ImageSpec(string Image)
{
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = EmptyMap.Instance;
    public string RuntimeHandler { get; init; } = "";
}

public sealed record Image
{
    public required string Id { get; init; }
    public IReadOnlyList<string> RepoTags { get; init; } = [];
    public IReadOnlyList<string> RepoDigests { get; init; } = [];
    public ulong Size { get; init; }

    /// <summary>The user number the image runs as, when it states one.</summary>
    public long? Uid { get; init; }

    /// <summary>The user name the image runs as, when it states a name.</summary>
    public string Username { get; init; } = "";

    /// <summary>Never to be collected: the sandbox image, for one.</summary>
    public bool Pinned { get; init; }
}

/// <summary>Credentials for one registry. Secret: never logged.</summary>
public sealed record AuthConfig
{
    public string Username { get; init; } = "";
    public string Password { get; init; } = "";
    public string Auth { get; init; } = "";
    public string ServerAddress { get; init; } = "";
    public string IdentityToken { get; init; } = "";
    public string RegistryToken { get; init; } = "";

    /// <summary>Keeps credentials out of logs and messages.</summary>
    public override string ToString() => $"AuthConfig({ServerAddress})";
}

public sealed record FilesystemUsage(DateTimeOffset Timestamp, string Mountpoint, ulong UsedBytes, ulong InodesUsed);

/// <param name="RuntimeName">containerd, for one.</param>
/// <param name="Version">Of the runtime.</param>
/// <param name="ApiVersion">Of CRI: v1.</param>
public sealed record RuntimeVersion(string RuntimeName, string Version, string ApiVersion);

public sealed record RuntimeCondition(string Type, bool Status, string Reason, string Message);

public sealed record RuntimeHandler(string Name, bool RecursiveReadOnlyMounts, bool UserNamespaces);

/// <summary>Whether the runtime and its network can make pods.</summary>
public sealed record RuntimeStatus
{
    public const string RuntimeReady = "RuntimeReady";
    public const string NetworkReady = "NetworkReady";

    public IReadOnlyList<RuntimeCondition> Conditions { get; init; } = [];
    public IReadOnlyList<RuntimeHandler> Handlers { get; init; } = [];

    public RuntimeCondition? Find(string type) =>
        Conditions.FirstOrDefault(condition => string.Equals(condition.Type, type, StringComparison.Ordinal));
}

internal static class EmptyMap
{
    public static readonly IReadOnlyDictionary<string, string> Instance = FrozenDictionary<string, string>.Empty;
}
