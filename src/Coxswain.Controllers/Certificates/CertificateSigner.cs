using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coxswain.Api.Certificates.V1;

namespace Coxswain.Controllers;

/// <summary>Makes certificates of requests, under the rules of upstream's signers.</summary>
internal sealed class CertificateSigner(ClusterSigner authority)
{
    public const string ClientSigner = "kubernetes.io/kube-apiserver-client";
    public const string KubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
    public const string KubeletServingSigner = "kubernetes.io/kubelet-serving";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(10);

    /// <summary>Certificates are good a little before they are made: clocks differ.</summary>
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    public static bool IsOurs(string signer) => signer is ClientSigner or KubeletClientSigner or KubeletServingSigner;

    /// <summary>Why the signer may not sign the request; null: it may.</summary>
    public static string? Objection(CertificateSigningRequestSpec spec, CertificateRequest request)
    {
        var organizations = Attributes(request.SubjectName, "2.5.4.10");
        var name = Attributes(request.SubjectName, "2.5.4.3").FirstOrDefault() ?? "";
        var isServing = spec.SignerName == KubeletServingSigner;
        var (demanded, allowed) = isServing
            ? (KeyUsage.ServerAuth, (string[])[KeyUsage.DigitalSignature, KeyUsage.KeyEncipherment, KeyUsage.ServerAuth])
            : (KeyUsage.ClientAuth, [KeyUsage.DigitalSignature, KeyUsage.KeyEncipherment, KeyUsage.ClientAuth]);
        if (!spec.Usages.Contains(demanded) || spec.Usages.Any(u => !allowed.Contains(u)))
            return $"invalid usages for the {spec.SignerName} signer: [{string.Join(" ", spec.Usages)}]";
        if (spec.SignerName == ClientSigner)
            return null;
        if (!organizations.SequenceEqual(["system:nodes"]))
            return "subject organization is not system:nodes";
        return name.StartsWith("system:node:", StringComparison.Ordinal) && (!isServing || spec.Username == name)
            ? null
            : "subject common name does not begin with system:node: or is not the requester";
    }

    public static CertificateRequest Read(ReadOnlySpan<byte> pem) => CertificateRequest.LoadSigningRequestPem(Encoding.UTF8.GetString(pem),
        HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);

    /// <summary>The certificate as PEM. Of the extensions asked for only alternative names of servers are taken over.</summary>
    public byte[] Sign(CertificateSigningRequestSpec spec, CertificateRequest asked, DateTimeOffset now)
    {
        using var issuer = X509Certificate2.CreateFromPem(authority.CertificatePem, authority.KeyPem);
        var wanted = spec.ExpirationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : Longest;
        var lifetime = wanted < Shortest ? Shortest : wanted > Longest ? Longest : wanted;
        var request = new CertificateRequest(asked.SubjectName, asked.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        var usages = X509KeyUsageFlags.None;
        if (spec.Usages.Contains(KeyUsage.DigitalSignature))
            usages |= X509KeyUsageFlags.DigitalSignature;
        if (spec.Usages.Contains(KeyUsage.KeyEncipherment))
            usages |= X509KeyUsageFlags.KeyEncipherment;
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usages, true));
        var isServing = spec.SignerName == KubeletServingSigner;
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(isServing ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2")], false));
        foreach (var extension in asked.CertificateExtensions.Where(e => isServing && e.Oid?.Value == "2.5.29.17"))
            request.CertificateExtensions.Add(extension);
        var start = now - Backdate;
        var end = now + lifetime < issuer.NotAfter ? now + lifetime : issuer.NotAfter;
        using var key = issuer.GetECDsaPrivateKey();
        using var rsa = key is null ? issuer.GetRSAPrivateKey() : null;
        var generator = key is not null
            ? X509SignatureGenerator.CreateForECDsa(key)
            : X509SignatureGenerator.CreateForRSA(rsa ?? throw new CryptographicException("the signer's key is neither ECDSA nor RSA"), RSASignaturePadding.Pkcs1);
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        using var certificate = request.Create(issuer.SubjectName, generator, start, end, serial);
        return Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n");
    }

    private static List<string> Attributes(X500DistinguishedName name, string oid)
    {
        var result = new List<string>();
        foreach (var part in name.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (!part.HasMultipleElements && part.GetSingleElementType().Value == oid && part.GetSingleElementValue() is { } value)
                result.Add(value);
        }
        return result;
    }
}
