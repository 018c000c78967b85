using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Node.Server;

/// <summary>How the node's API is served and who may use it.</summary>
public sealed record KubeletServerOptions
{
    public required string NodeName { get; init; }

    public IPAddress BindAddress { get; init; } = IPAddress.Any;

    /// <summary>0 takes any free port.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>With its private key. The caller's to dispose, after the server.</summary>
    public required X509Certificate2 ServerCertificate { get; init; }

    /// <summary>Who signs the clients we listen to: the cluster's authority, and no authority of the machine's.</summary>
    public required X509Certificate2Collection ClientAuthorities { get; init; }

    /// <summary>Common names of the clients we listen to: the API server. It decides for its users what they may do.</summary>
    public IReadOnlyList<string> AllowedClients { get; init; } = ["kube-apiserver-kubelet-client"];
}
