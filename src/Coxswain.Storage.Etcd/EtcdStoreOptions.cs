namespace Coxswain.Storage.Etcd;

/// <summary>Where an etcd cluster is, and how this client proves who it is.</summary>
public sealed record EtcdStoreOptions
{
    /// <summary>The client addresses of the members (http or https); one is used at a time, the others when it fails.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>PEM file of the authorities that sign the members' certificates; empty: the machine's own.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>PEM file of this client's certificate; empty: none.</summary>
    public string CertificateFile { get; init; } = "";

    /// <summary>PEM file of its key.</summary>
    public string KeyFile { get; init; } = "";
}
