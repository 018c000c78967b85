using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Security;

/// <summary>The cluster's certificates and keys as files, made on first use and renewed before they end.</summary>
/// <remarks>
/// Names of files are those that kubeadm uses, so that people and tools find them. A leaf certificate is renewed when less than a
/// third of its life is left, when its authority changed, or when it does not cover the names it must cover. Authorities and the
/// service-account key are never replaced here: that would cut off every client.
/// </remarks>
public sealed class PkiDirectory : IDisposable
{
    public static readonly TimeSpan AuthorityValidity = TimeSpan.FromDays(3650);

    private readonly string _directory;
    private readonly TimeProvider _clock;

    private PkiDirectory(string directory, TimeProvider clock)
    {
        _directory = directory;
        _clock = clock;
        SecureFile.CreateDirectory(directory);
        Authority = LoadOrCreateAuthority("ca", "kubernetes");
        FrontProxyAuthority = LoadOrCreateAuthority("front-proxy-ca", "front-proxy-ca");
        ServiceAccountKey = LoadOrCreateServiceAccountKey();
    }

    /// <summary>Signs servers and clients of the cluster. Owned by this object.</summary>
    public CertificateAuthority Authority { get; }

    /// <summary>Signs the certificate with which the API server speaks to aggregated API servers. Owned by this object.</summary>
    public CertificateAuthority FrontProxyAuthority { get; }

    /// <summary>Signs service-account tokens. Owned by this object.</summary>
    public ServiceAccountKey ServiceAccountKey { get; }

    /// <summary>Reads the folder, and makes what is missing.</summary>
    /// <exception cref="PkiException">A file is damaged, or a key does not belong to its certificate.</exception>
    public static PkiDirectory Open(string directory, TimeProvider clock) => new(directory, clock);

    /// <summary>The API server's serving certificate for all names and addresses under which clients reach it.</summary>
    public X509Certificate2 ApiServer(IReadOnlyList<string> dnsNames, IReadOnlyList<IPAddress> addresses) =>
        Leaf("apiserver", Authority, new("kube-apiserver") { ServerAuthentication = true, DnsNames = dnsNames, Addresses = addresses });

    /// <summary>With this the API server identifies itself to the nodes' kubelet API.</summary>
    public X509Certificate2 ApiServerKubeletClient() =>
        Leaf("apiserver-kubelet-client", Authority,
            new("kube-apiserver-kubelet-client") { ClientAuthentication = true, Organizations = ["kubeadm:cluster-admins"] });

    /// <summary>With this the API server identifies itself to aggregated API servers.</summary>
    public X509Certificate2 FrontProxyClient() =>
        Leaf("front-proxy-client", FrontProxyAuthority, new("front-proxy-client") { ClientAuthentication = true });

    /// <summary>The administrator, a member of system:masters: the way in that no role binding can close.</summary>
    public X509Certificate2 Admin() =>
        Leaf("admin", Authority, new("kubernetes-admin") { ClientAuthentication = true, Organizations = ["system:masters"] });

    /// <summary>The serving certificate of a node's kubelet API.</summary>
    public X509Certificate2 KubeletServer(string node, IReadOnlyList<IPAddress> addresses) =>
        Leaf($"kubelet-{node}", Authority,
            new($"system:node:{node}") { ServerAuthentication = true, Organizations = ["system:nodes"], DnsNames = [node], Addresses = addresses });

    /// <summary>Writes a kubeconfig (mode 0600) with a client certificate, if it is absent or differs.</summary>
    public void WriteKubeConfig(string path, Uri server, string user, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        var text = KubeConfigText.Render("coxswain", server, Authority.CertificatePem, user,
            certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        if (!File.Exists(path) || File.ReadAllText(path) != text)
            SecureFile.Write(path, text);
    }

    public void Dispose()
    {
        Authority.Dispose();
        FrontProxyAuthority.Dispose();
        ServiceAccountKey.Dispose();
    }

    private string PathOf(string file) => Path.Combine(_directory, file);

    private CertificateAuthority LoadOrCreateAuthority(string file, string commonName)
    {
        var (certificate, key) = (PathOf(file + ".crt"), PathOf(file + ".key"));
        if (File.Exists(certificate) != File.Exists(key))
            throw new PkiException($"{(File.Exists(key) ? certificate : key)} is missing but its pair is there; restore it from a backup");
        if (File.Exists(certificate))
        {
            try
            {
                return CertificateAuthority.Load(File.ReadAllText(certificate), File.ReadAllText(key), _clock);
            }
            catch (CryptographicException e)
            {
                throw new PkiException($"{certificate} and {key} are no certificate and key that belong together; restore them from a backup", e);
            }
        }

        var authority = CertificateAuthority.Create(commonName, AuthorityValidity, _clock);
        SecureFile.Write(key, authority.KeyPem);
        SecureFile.Write(certificate, authority.CertificatePem, Readable);
        return authority;
    }

    private ServiceAccountKey LoadOrCreateServiceAccountKey()
    {
        var path = PathOf("sa.key");
        if (File.Exists(path))
        {
            try
            {
                return ServiceAccountKey.Load(File.ReadAllText(path));
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                throw new PkiException($"{path} is not an RSA or EC private key in PEM form; restore it from a backup", e);
            }
        }

        var key = ServiceAccountKey.Create();
        SecureFile.Write(path, key.PrivatePem);
        SecureFile.Write(PathOf("sa.pub"), key.PublicPem, Readable);
        return key;
    }

    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private X509Certificate2 Leaf(string file, CertificateAuthority authority, CertificateProfile profile)
    {
        var (certificatePath, keyPath) = (PathOf(file + ".crt"), PathOf(file + ".key"));
        if (File.Exists(certificatePath) && File.Exists(keyPath))
        {
            if (TryLoadLeaf(certificatePath, keyPath) is { } existing)
            {
                if (StillServes(existing, authority, profile))
                    return existing;
                existing.Dispose();
            }
        }

        var issued = authority.Issue(profile);
        using var key = issued.GetECDsaPrivateKey()!;
        SecureFile.Write(keyPath, key.ExportPkcs8PrivateKeyPem());
        SecureFile.Write(certificatePath, issued.ExportCertificatePem(), Readable);
        return issued;
    }

    private static X509Certificate2? TryLoadLeaf(string certificatePath, string keyPath)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        }
        catch (CryptographicException)
        {
            // A leaf can always be made anew from its authority: nothing is lost with it.
            return null;
        }
    }

    private bool StillServes(X509Certificate2 certificate, CertificateAuthority authority, CertificateProfile profile)
    {
        var now = _clock.GetUtcNow();
        var life = certificate.NotAfter - certificate.NotBefore;
        if (certificate.NotAfter - now < life / 3 || now < certificate.NotBefore)
            return false;
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(authority.Certificate.SubjectName.RawData))
            return false;
        if (!certificate.SubjectName.RawData.AsSpan().SequenceEqual(profile.DistinguishedName().RawData))
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (!chain.Build(certificate))
            return false;
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return profile.DnsNames.All(n => names is not null && names.EnumerateDnsNames().Contains(n, StringComparer.OrdinalIgnoreCase))
            && profile.Addresses.All(a => names is not null && names.EnumerateIPAddresses().Contains(a));
    }
}

/// <summary>The PKI folder cannot be used as it is. The message names the file and the mend.</summary>
public sealed class PkiException(string message, Exception? inner = null) : Exception(message, inner);
