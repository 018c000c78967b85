using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coxswain.Api;

namespace Coxswain.ApiServer.Registry.Certificates;

/// <summary>Judges what signers answer: certificates in PEM, and nothing else.</summary>
internal static class IssuedCertificates
{
    /// <summary>What is wrong in words, or null.</summary>
    public static string? Problem(ReadOnlySpan<byte> pem)
    {
        if (pem.IsEmpty)
            return null;
        ReadOnlySpan<char> rest = Encoding.Latin1.GetString(pem);
        var count = 0;
        while (PemEncoding.TryFind(rest, out var found))
        {
            var label = rest[found.Label];
            if (label is not "CERTIFICATE")
                return $"only CERTIFICATE PEM blocks are allowed, found {GoText.Quote(label.ToString())}";
            count++;
            try
            {
                using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(rest[found.Base64Data].ToString()));
            }
            catch (CryptographicException)
            {
                return "x509: malformed certificate";
            }

            rest = rest[found.Location.End..];
        }

        return count == 0 ? "must contain at least one CERTIFICATE PEM block" : null;
    }
}
