namespace Coxswain.Controllers;

/// <summary>Settings of the controllers; flags follow upstream's spelling.</summary>
public sealed record ControllerManagerOptions
{
    /// <summary>Which controllers run: <c>*</c>, names, and <c>-name</c> for those that must not.</summary>
    public IReadOnlyList<string> Controllers { get; init; } = ["*"];

    /// <summary>The PEM bundle that pods trust the API server by (<c>kube-root-ca.crt</c>).</summary>
    public string RootCaPem { get; init; } = "";

    /// <summary>The signer of certificate requests: PEM of certificate and key; null where none signs.</summary>
    public ClusterSigner? Signer { get; init; }

    /// <summary>From where nodes get their pod ranges; empty: nodes get none from here.</summary>
    public string ClusterCidr { get; init; } = "10.244.0.0/16";
    public int NodeCidrMaskSize { get; init; } = 24;

    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(50);
    public TimeSpan NodeStartupGracePeriod { get; init; } = TimeSpan.FromSeconds(60);
    public int TerminatedPodGCThreshold { get; init; } = 12500;

    /// <summary>How long wake-ups through children are gathered, so that a thousand pods do not wake their owner a thousand times.</summary>
    public TimeSpan Gathering { get; init; } = TimeSpan.FromMilliseconds(20);
}

/// <summary>A certificate authority: PEM texts of its certificate and private key.</summary>
public sealed record ClusterSigner(string CertificatePem, string KeyPem);
