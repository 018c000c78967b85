using System.Security.Cryptography.X509Certificates;
using Coxswain.Api.Authentication.V1;

namespace Coxswain.ApiServer.Authentication;

/// <summary>Users by client certificate: the common name is the user, the organizations are the groups.</summary>
internal sealed class ClientCertificates(X509Certificate2Collection authorities, TimeProvider clock)
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const string Uid = "1.3.6.1.4.1.57683.2";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string AnyUsage = "2.5.29.37.0";

    /// <summary>Null: the certificate is not one of ours, is not valid now, or is not meant for clients.</summary>
    public UserInfo? Authenticate(X509Certificate2 certificate)
    {
        if (!MayIdentifyClients(certificate))
            return null;

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
        return chain.Build(certificate) ? UserOf(certificate) : null;
    }

    private static UserInfo? UserOf(X509Certificate2 certificate)
    {
        string name = "", uid = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
                continue;
            switch (part.GetSingleElementType().Value)
            {
                case CommonName: name = part.GetSingleElementValue() ?? ""; break;
                case Organization: groups.Add(part.GetSingleElementValue() ?? ""); break;
                case Uid: uid = part.GetSingleElementValue() ?? ""; break;
            }
        }

        if (name.Length == 0)
            return null;
        groups.Add(Users.AuthenticatedGroup);
        return new() { Username = name, Uid = uid, Groups = [.. groups] };
    }

    private static bool MayIdentifyClients(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension is not X509EnhancedKeyUsageExtension usages)
                continue;
            foreach (var usage in usages.EnhancedKeyUsages)
                if (usage.Value is ClientAuthentication or AnyUsage)
                    return true;
            return false;
        }

        return true;
    }
}
