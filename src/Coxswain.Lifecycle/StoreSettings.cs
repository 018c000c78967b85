namespace Coxswain.Lifecycle;

/// <summary>Where the cluster's state is kept; names are those of kube-apiserver's flags.</summary>
public sealed record StoreSettings
{
    /// <summary>How old a revision is at least before it is forgotten. Zero: nothing is forgotten by this process.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the store is asked how large it is.</summary>
    public TimeSpan MetricPollInterval { get; init; } = TimeSpan.FromSeconds(30);
}
