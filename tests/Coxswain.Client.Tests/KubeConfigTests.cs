using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Coxswain.Client.Tests;

public sealed class KubeConfigTests
{
    private static string Render(string user = "", string cluster = "") => $"""
        apiVersion: v1
        kind: Config
        current-context: main
        contexts:
        - name: main
          context: {"{"}cluster: c, user: u, namespace: apps{"}"}
        clusters:
        - name: c
          cluster:
            server: https://127.0.0.1:6443
            {cluster}
        users:
        - name: u
          user:
            {(user.Length > 0 ? user : "token: secret")}
        """;

    [Fact]
    public void The_current_context_gives_server_token_and_namespace()
    {
        var config = KubeConfig.Parse(Render(), "/");
        Assert.Equal((new Uri("https://127.0.0.1:6443"), "secret", "apps"), (config.Server, config.Token, config.Namespace));
    }

    [Fact]
    public void Certificates_are_read_from_data_and_from_files_beside_the_kubeconfig()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=admin", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "client.crt"), certificate.ExportCertificatePem());
            var data = Convert.ToBase64String(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
            File.WriteAllText(Path.Combine(folder.FullName, "config"), Render($"""
                client-certificate: client.crt
                    client-key-data: {data}
                """, $"certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()))}"));
            var config = KubeConfig.Load(Path.Combine(folder.FullName, "config"));

            Assert.True(config.Certificate!.HasPrivateKey);
            Assert.Equal("CN=admin", config.Certificate.Subject);
            Assert.Contains("BEGIN CERTIFICATE", config.AuthorityPem, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("- a list", "the file is empty or no mapping")]
    [InlineData("a: [", "no YAML")]
    [InlineData("current-context: x", "context \"x\" does not exist")]
    [InlineData("kind: Config", "no context is named")]
    public void What_cannot_be_used_is_refused_with_a_sentence(string text, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<KubeConfigException>(() => KubeConfig.Parse(text, "/")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_user_who_needs_a_program_is_refused() =>
        Assert.Contains("from a program", Assert.Throws<KubeConfigException>(() => KubeConfig.Parse(Render("exec: {command: aws}"), "/")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("/nowhere/config", Assert.Throws<KubeConfigException>(() => KubeConfig.Load("/nowhere/config")).Message, StringComparison.Ordinal);
}
