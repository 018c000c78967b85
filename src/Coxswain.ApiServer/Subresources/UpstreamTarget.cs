using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Where a request is passed on to, and as whom.</summary>
/// <param name="Address">Scheme, host, port, path and query.</param>
/// <param name="ClientCertificate">With which this server identifies itself; null: it does not.</param>
/// <param name="TrustedAuthorities">Who must have signed the peer's certificate; null: anybody (the peer is a pod, which we know by address only).</param>
internal sealed record UpstreamTarget(Uri Address, X509Certificate2? ClientCertificate, X509Certificate2Collection? TrustedAuthorities)
{
    /// <summary>How the connection is secured; null: by the two members above.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    public bool IsTls => Address.Scheme == Uri.UriSchemeHttps;
}
