namespace Coxswain.Scheduler.Configuration;

/// <summary>An HTTP service that has a say in where pods go.</summary>
public sealed record ExtenderConfiguration
{
    public required string UrlPrefix { get; init; }
    public string FilterVerb { get; init; } = "";
    public string PreemptVerb { get; init; } = "";
    public string PrioritizeVerb { get; init; } = "";
    public string BindVerb { get; init; } = "";
    public long Weight { get; init; }
    public bool NodeCacheCapable { get; init; }

    /// <summary>Pods that ask for none of these are not sent; empty: all are.</summary>
    public IReadOnlyList<string> ManagedResources { get; init; } = [];

    /// <summary>Resources of the above that the extender keeps account of itself.</summary>
    public IReadOnlyList<string> IgnoredByScheduler { get; init; } = [];

    /// <summary>Where it does not answer, pods are placed without it.</summary>
    public bool Ignorable { get; init; }

    public TimeSpan HttpTimeout { get; init; } = TimeSpan.FromSeconds(5);
    public bool Insecure { get; init; }
    public string ServerName { get; init; } = "";
    public string CaFile { get; init; } = "";
    public string CertFile { get; init; } = "";
    public string KeyFile { get; init; } = "";
    public ReadOnlyMemory<byte> CaData { get; init; }
    public ReadOnlyMemory<byte> CertData { get; init; }
    public ReadOnlyMemory<byte> KeyData { get; init; }
}
