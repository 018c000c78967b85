using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Node.Server;

/// <summary>Decides from a TLS client certificate who speaks.</summary>
internal sealed class ClientAuthentication(KubeletServerOptions options, TimeProvider clock)
{
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    /// <summary>Whether a certificate comes from one of the authorities, is valid now, and is meant for clients.</summary>
    public bool IsTrusted(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(options.ClientAuthorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new(ClientUsage));
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    public bool IsAllowed(X509Certificate2 certificate) => options.AllowedClients.Contains(NameOf(certificate), StringComparer.Ordinal);

    public static string NameOf(X509Certificate2 certificate) => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
}
