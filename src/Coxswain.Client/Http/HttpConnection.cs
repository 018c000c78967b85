using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Client;

/// <summary>Makes the connections to one server: HTTP/2 where it can be had, trust as configured, no proxy.</summary>
internal static class HttpConnection
{
    public static SocketsHttpHandler Open(ClientConfig config)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            EnableMultipleHttp2Connections = true,
            // A dead peer is noticed though a watch has nothing to say.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (config.TlsServerName.Length > 0)
            handler.SslOptions.TargetHost = config.TlsServerName;
        if (config.Certificate is { } certificate)
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        if (config.InsecureSkipTlsVerify)
        {
#pragma warning disable CA5359 // Asked for by name in the configuration.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (config.AuthorityPem.Length > 0)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPem(config.AuthorityPem);
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(roots);
            handler.SslOptions.CertificateChainPolicy = policy;
        }
        return handler;
    }
}
