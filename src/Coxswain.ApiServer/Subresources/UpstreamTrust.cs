using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Whether the peer of a proxied connection is whom we mean.</summary>
internal static class UpstreamTrust
{
    public static SslClientAuthenticationOptions Options(UpstreamTarget target)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = target.Address.Host,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => IsTrusted(certificate, target.TrustedAuthorities),
        };
        if (target.ClientCertificate is { } own)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true);
        return options;
    }

    // The name is not checked: nodes are addressed by IP, and their certificates name the node. Only our authority can make one.
    private static bool IsTrusted(X509Certificate? certificate, X509Certificate2Collection? authorities)
    {
        if (authorities is null)
            return true;
        if (certificate is not X509Certificate2 peer)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(peer);
    }
}
