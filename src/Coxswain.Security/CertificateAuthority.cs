using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Security;

/// <summary>Signs the certificates of one cluster (RFC 5280). The key never leaves this object except through <see cref="KeyPem"/>.</summary>
/// <remarks>Thread-safe. Keys are ECDSA P-256: small, quick to make, understood by every client of the last ten years. An authority that was
/// made elsewhere may have an RSA key, as kubeadm's.</remarks>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>Clocks of machines differ; a certificate made now must be valid on one that is a little behind.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly TimeProvider _clock;
    private readonly X509Certificate2 _certificate;
    private readonly Lock _signing = new();

    private CertificateAuthority(X509Certificate2 certificate, TimeProvider clock)
    {
        _certificate = certificate;
        _clock = clock;
    }

    /// <summary>The authority's own certificate with its private key. Owned by this object.</summary>
    public X509Certificate2 Certificate => _certificate;

    public string CertificatePem => _certificate.ExportCertificatePem();

    public string KeyPem
    {
        get
        {
            using AsymmetricAlgorithm key = _certificate.GetRSAPrivateKey() is { } rsa ? rsa : _certificate.GetECDsaPrivateKey()!;
            return key.ExportPkcs8PrivateKeyPem();
        }
    }

    /// <summary>A new self-signed authority.</summary>
    public static CertificateAuthority Create(string commonName, TimeSpan validity, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={commonName}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        var identifier = new X509SubjectKeyIdentifierExtension(request.PublicKey, false);
        request.CertificateExtensions.Add(identifier);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
        var now = clock.GetUtcNow();
        return new(request.CreateSelfSigned(now - ClockSkew, now + validity), clock);
    }

    /// <summary>An authority from its PEM texts.</summary>
    /// <exception cref="CryptographicException">The texts are no certificate and matching key.</exception>
    public static CertificateAuthority Load(string certificatePem, string keyPem, TimeProvider clock) =>
        new(X509Certificate2.CreateFromPem(certificatePem, keyPem), clock);

    /// <summary>A new key and a certificate for it, signed by this authority. The caller owns the result.</summary>
    public X509Certificate2 Issue(CertificateProfile profile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = Sign(profile, new PublicKey(key));
        return signed.CopyWithPrivateKey(key);
    }

    /// <summary>A certificate for somebody else's public key. The caller owns the result.</summary>
    public X509Certificate2 Sign(CertificateProfile profile, PublicKey publicKey)
    {
        var request = new CertificateRequest(profile.DistinguishedName(), publicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        var usages = new OidCollection();
        if (profile.ServerAuthentication)
            usages.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (profile.ClientAuthentication)
            usages.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: false));
        // Ours have it; one that was made elsewhere need not.
        if (_certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } identifier)
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(publicKey, false));
        if (profile.DnsNames.Count + profile.Addresses.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var name in profile.DnsNames)
                names.AddDnsName(name);
            foreach (var address in profile.Addresses)
                names.AddIpAddress(address);
            request.CertificateExtensions.Add(names.Build());
        }

        // RFC 5280, 4.1.2.2: positive, at most 20 octets, unique. 16 random octets with a cleared top bit are all three.
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        var now = _clock.GetUtcNow();
        var end = now + profile.Validity;
        if (end > _certificate.NotAfter)
            end = _certificate.NotAfter;
        lock (_signing)
        {
            using var rsa = _certificate.GetRSAPrivateKey();
            using var elliptic = rsa is null ? _certificate.GetECDsaPrivateKey() : null;
            var generator = rsa is null ? X509SignatureGenerator.CreateForECDsa(elliptic!) : X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1);
            return request.Create(_certificate.SubjectName, generator, now - ClockSkew, end, serial);
        }
    }

    public void Dispose() => _certificate.Dispose();
}

/// <summary>Whom a certificate names and what it is good for.</summary>
public sealed record CertificateProfile(string CommonName)
{
    /// <summary>In Kubernetes the organizations of a client certificate are the groups of the user.</summary>
    public IReadOnlyList<string> Organizations { get; init; } = [];
    public IReadOnlyList<string> DnsNames { get; init; } = [];
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];
    public bool ServerAuthentication { get; init; }
    public bool ClientAuthentication { get; init; }

    /// <summary>A year, and never longer than the authority's own.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromDays(365);

    internal X500DistinguishedName DistinguishedName()
    {
        var builder = new X500DistinguishedNameBuilder();
        foreach (var organization in Organizations)
            builder.AddOrganizationName(organization);
        builder.AddCommonName(CommonName);
        return builder.Build();
    }
}
