using System.Net;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Security;

namespace Coxswain.ApiServer;

/// <summary>The certificates and keys that the server needs. The caller owns them and disposes them after the server.</summary>
public sealed record ApiServerPki
{
    /// <summary>The serving certificate, with its key.</summary>
    public required X509Certificate2 Serving { get; init; }

    /// <summary>Who may sign client certificates.</summary>
    public required X509Certificate2 ClientAuthority { get; init; }

    /// <summary>With this the server identifies itself to kubelets, whose certificates the client authority signs too.</summary>
    public required X509Certificate2 KubeletClient { get; init; }

    /// <summary>Signs service-account tokens.</summary>
    public required ServiceAccountKey ServiceAccountKey { get; init; }

    /// <summary>Keys that service-account tokens may be signed with. None: the one that signs.</summary>
    public IReadOnlyList<ServiceAccountKey> ServiceAccountCheckingKeys { get; init; } = [];

    /// <summary>Who signs the certificates of this server when it calls aggregated API servers.</summary>
    public X509Certificate2? FrontProxyAuthority { get; init; }

    /// <summary>Who signs the certificates of proxies that may name users in headers. None: the authority above.</summary>
    public IReadOnlyList<X509Certificate2> RequestHeaderAuthorities { get; init; } = [];

    /// <summary>With this the server identifies itself to aggregated API servers, with its key. Null: it does not, and they will not believe it.</summary>
    public X509Certificate2? ProxyClient { get; init; }

    internal IReadOnlyList<X509Certificate2> EffectiveRequestHeaderAuthorities =>
        RequestHeaderAuthorities.Count > 0 ? RequestHeaderAuthorities : FrontProxyAuthority is { } own ? [own] : [];

    /// <summary>Everything from the PKI folder, which is made if need be.</summary>
    /// <param name="names">Further DNS names under which clients reach the server.</param>
    /// <param name="addresses">Further addresses under which clients reach the server.</param>
    public static ApiServerPki From(PkiDirectory pki, ApiServerOptions options, IEnumerable<string> names, IEnumerable<IPAddress> addresses)
    {
        string[] dns =
        [
            "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", .. names,
        ];
        IPAddress[] all = [IPAddress.Loopback, IPAddress.IPv6Loopback, FirstServiceAddress(options.ServiceClusterIPRange), .. addresses];
        return new()
        {
            Serving = pki.ApiServer([.. dns.Distinct()], [.. all.Distinct()]),
            ClientAuthority = pki.Authority.Certificate,
            KubeletClient = pki.ApiServerKubeletClient(),
            ServiceAccountKey = pki.ServiceAccountKey,
            FrontProxyAuthority = pki.FrontProxyAuthority.Certificate,
            ProxyClient = pki.FrontProxyClient(),
        };
    }

    /// <summary>The cluster IP of the kubernetes Service: the first of the range.</summary>
    public static IPAddress FirstServiceAddress(string range)
    {
        var network = IPNetwork.Parse(range);
        var bytes = network.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new(bytes);
    }
}
