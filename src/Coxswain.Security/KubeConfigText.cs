using System.Text;

namespace Coxswain.Security;

/// <summary>The text of a kubeconfig file (client.authentication/v1 Config) for one cluster and one user.</summary>
internal static class KubeConfigText
{
    public static string Render(string cluster, Uri server, string authorityPem, string user, string certificatePem, string keyPem) =>
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: {cluster}
          cluster:
            server: {server.GetLeftPart(UriPartial.Authority)}
            certificate-authority-data: {Base64(authorityPem)}
        users:
        - name: {user}
          user:
            client-certificate-data: {Base64(certificatePem)}
            client-key-data: {Base64(keyPem)}
        contexts:
        - name: {user}@{cluster}
          context:
            cluster: {cluster}
            user: {user}
        current-context: {user}@{cluster}

        """;

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem.EndsWith('\n') ? pem : pem + "\n"));
}
