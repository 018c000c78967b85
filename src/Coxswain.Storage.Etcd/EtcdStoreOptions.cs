namespace Coxswain.Storage.Etcd;

/// <summary>Where an etcd cluster is, how this client proves who it is, and how long it waits.</summary>
public sealed record EtcdStoreOptions
{
    /// <summary>The client addresses of the members (http or https); one is used at a time, the others when it fails.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>PEM file of the authorities that sign the members' certificates; empty: the machine's own. Read again when it changes.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>PEM file of this client's certificate; empty: none. Read again when it changes.</summary>
    public string CertificateFile { get; init; } = "";

    /// <summary>PEM file of its key.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>How long one request may take, with all attempts.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long requests wait for a member that can serve them (an election takes a second or two) before they fail. When
    /// the cluster has been away for longer than this, they fail as soon as every member has been asked once.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often the member in use is asked whether it is alive and has a leader, unless other answers show it.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long it may take to answer that.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The changes kept in memory for watches; a watch that is behind them reads them from etcd.</summary>
    public int LogCount { get; init; } = 4096;

    /// <summary>The bytes of values that the changes in memory may hold.</summary>
    public long LogBytes { get; init; } = 8 << 20;

    /// <summary>The size of an answer that lists aim at: a range is read in pages of about this many bytes.</summary>
    public int PageBytes { get; init; } = 4 << 20;

    /// <summary>The members' --quota-backend-bytes, which etcd before 3.6 does not tell; etcd's own default if not given.</summary>
    public long QuotaBytes { get; init; } = 2L << 30;
}
