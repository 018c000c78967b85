namespace Coxswain.Lifecycle;

/// <summary>Where the cluster's state is kept; names are those of kube-apiserver's flags.</summary>
public sealed record StoreSettings
{
    /// <summary>The client addresses of an etcd cluster's members. None: the state is kept in the data folder.</summary>
    public IReadOnlyList<Uri> EtcdServers { get; init; } = [];

    /// <summary>PEM file of the authorities that sign the members' certificates. Empty: the machine's own.</summary>
    public string EtcdCaFile { get; init; } = "";

    /// <summary>PEM file of this client's certificate. Empty: none.</summary>
    public string EtcdCertFile { get; init; } = "";

    /// <summary>PEM file of its key.</summary>
    public string EtcdKeyFile { get; init; } = "";

    /// <summary>How old a revision is at least before it is forgotten. Zero: nothing is forgotten by this process.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the store is asked how large it is.</summary>
    public TimeSpan MetricPollInterval { get; init; } = TimeSpan.FromSeconds(30);
}
