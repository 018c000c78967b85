using System.Net;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Security;

namespace Coxswain.Testing.Etcd;

/// <summary>An authority for one test cluster and what it signed: the members' certificate, and a client's.</summary>
public sealed class EtcdTlsFiles : IDisposable
{
    private readonly CertificateAuthority _authority;
    private readonly string _folder;

    internal EtcdTlsFiles(string folder)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        _authority = CertificateAuthority.Create("etcd-ca", TimeSpan.FromDays(2), TimeProvider.System);
        File.WriteAllText(CaFile, _authority.CertificatePem);
        Write("member", new("etcd-member") { DnsNames = ["localhost"], Addresses = [IPAddress.Loopback], ServerAuthentication = true, ClientAuthentication = true });
        IssueClient();
    }

    public string CaFile => At("ca.crt");

    public string CertificateFile => At("client.crt");

    public string KeyFile => At("client.key");

    internal string MemberCertificate => At("member.crt");

    internal string MemberKey => At("member.key");

    /// <summary>Replaces the client's certificate and key, as a rotation does.</summary>
    public void IssueClient(TimeSpan? validity = null) =>
        Write("client", new("coxswain") { ClientAuthentication = true, Validity = validity ?? TimeSpan.FromDays(1) });

    /// <summary>Replaces the client's certificate and key by ones of an authority that the members do not know.</summary>
    public void IssueForeignClient()
    {
        using var stranger = CertificateAuthority.Create("stranger", TimeSpan.FromDays(1), TimeProvider.System);
        Write("client", new("coxswain") { ClientAuthentication = true }, stranger);
    }

    public void Dispose() => _authority.Dispose();

    private void Write(string name, CertificateProfile profile, CertificateAuthority? authority = null)
    {
        using var certificate = (authority ?? _authority).Issue(profile);
        using var key = certificate.GetECDsaPrivateKey()!;
        SecureFile.Write(At(name + ".key"), key.ExportPkcs8PrivateKeyPem());
        SecureFile.Write(At(name + ".crt"), certificate.ExportCertificatePem());
    }

    private string At(string name) => Path.Combine(_folder, name);
}
