using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.Security.Tests;

public sealed class PkiDirectoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("coxswain-pki-").FullName;
    private readonly MovableClock _clock = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Private_keys_are_readable_by_their_owner_only()
    {
        using var pki = PkiDirectory.Open(_directory, _clock);
        using var admin = pki.Admin();
        var keys = Directory.GetFiles(_directory, "*.key");
        Assert.Contains(keys, k => k.EndsWith("/ca.key", StringComparison.Ordinal));
        Assert.All(keys, k => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(k)));
    }

    [Fact]
    public void A_second_start_uses_the_same_authority_key_and_leaf()
    {
        string authority, leaf, key;
        using (var pki = PkiDirectory.Open(_directory, _clock))
        using (var admin = pki.Admin())
            (authority, leaf, key) = (pki.Authority.CertificatePem, admin.Thumbprint, pki.ServiceAccountKey.KeyId);
        using var again = PkiDirectory.Open(_directory, _clock);
        using var adminAgain = again.Admin();
        Assert.Equal(authority, again.Authority.CertificatePem);
        Assert.Equal(leaf, adminAgain.Thumbprint);
        Assert.Equal(key, again.ServiceAccountKey.KeyId);
    }

    /// <summary>A control plane that kubeadm made has RSA keys, and is taken over with them.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_authority_with_an_rsa_key_that_was_made_elsewhere_signs_our_certificates(bool named)
    {
        using (var key = RSA.Create(2048))
        {
            var request = new CertificateRequest("CN=kubernetes", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
            if (named)
                request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            using var authority = request.CreateSelfSigned(_clock.GetUtcNow().AddDays(-1), _clock.GetUtcNow().AddDays(3650));
            File.WriteAllText(Path.Combine(_directory, "ca.crt"), authority.ExportCertificatePem());
            File.WriteAllText(Path.Combine(_directory, "ca.key"), key.ExportRSAPrivateKeyPem());
        }

        using var pki = PkiDirectory.Open(_directory, _clock);
        using var admin = pki.Admin();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(pki.Authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _clock.GetUtcNow().UtcDateTime;

        Assert.True(chain.Build(admin), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
        using var again = CertificateAuthority.Load(pki.Authority.CertificatePem, pki.Authority.KeyPem, _clock);
        Assert.Equal(pki.Authority.Certificate.Thumbprint, again.Certificate.Thumbprint);
    }

    [Fact]
    public void A_leaf_is_renewed_when_less_than_a_third_of_its_life_is_left()
    {
        using var pki = PkiDirectory.Open(_directory, _clock);
        using var first = pki.Admin();
        _clock.Now += TimeSpan.FromDays(200);
        using var same = pki.Admin();
        Assert.Equal(first.Thumbprint, same.Thumbprint);
        _clock.Now += TimeSpan.FromDays(60);
        using var renewed = pki.Admin();
        Assert.NotEqual(first.Thumbprint, renewed.Thumbprint);
        Assert.True(renewed.NotAfter > first.NotAfter);
    }

    [Fact]
    public void A_serving_certificate_is_made_anew_when_it_must_cover_another_address()
    {
        using var pki = PkiDirectory.Open(_directory, _clock);
        using var first = pki.ApiServer(["kubernetes"], [IPAddress.Loopback]);
        using var same = pki.ApiServer(["kubernetes"], [IPAddress.Loopback]);
        using var other = pki.ApiServer(["kubernetes"], [IPAddress.Loopback, IPAddress.Parse("10.96.0.1")]);
        Assert.Equal(first.Thumbprint, same.Thumbprint);
        Assert.NotEqual(first.Thumbprint, other.Thumbprint);
        Assert.True(other.MatchesHostname("10.96.0.1"));
    }

    [Fact]
    public void A_leaf_is_trusted_through_the_authority_and_names_the_groups_as_organizations()
    {
        using var pki = PkiDirectory.Open(_directory, _clock);
        using var admin = pki.Admin();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(pki.Authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _clock.Now.UtcDateTime;
        Assert.True(chain.Build(admin));
        Assert.Equal("O=system:masters, CN=kubernetes-admin", admin.Subject);
    }

    [Fact]
    public void A_damaged_authority_is_an_error_that_names_the_file()
    {
        PkiDirectory.Open(_directory, _clock).Dispose();
        File.WriteAllText(Path.Combine(_directory, "ca.key"), "rubbish");
        var error = Assert.Throws<PkiException>(() => PkiDirectory.Open(_directory, _clock));
        Assert.Contains("ca.key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_authority_key_is_not_silently_replaced()
    {
        PkiDirectory.Open(_directory, _clock).Dispose();
        File.Delete(Path.Combine(_directory, "ca.key"));
        var error = Assert.Throws<PkiException>(() => PkiDirectory.Open(_directory, _clock));
        Assert.Contains("ca.key is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_leaf_is_made_anew()
    {
        using var pki = PkiDirectory.Open(_directory, _clock);
        pki.Admin().Dispose();
        File.WriteAllText(Path.Combine(_directory, "admin.crt"), "rubbish");
        using var admin = pki.Admin();
        Assert.True(admin.HasPrivateKey);
    }

    [Fact]
    public void The_kubeconfig_is_private_and_complete()
    {
        using var pki = PkiDirectory.Open(_directory, _clock);
        using var admin = pki.Admin();
        var path = Path.Combine(_directory, "admin.kubeconfig");
        pki.WriteKubeConfig(path, new("https://127.0.0.1:6443"), "kubernetes-admin", admin);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var text = File.ReadAllText(path);
        Assert.Contains("server: https://127.0.0.1:6443\n", text, StringComparison.Ordinal);
        Assert.Contains("client-key-data: ", text, StringComparison.Ordinal);
    }
}
