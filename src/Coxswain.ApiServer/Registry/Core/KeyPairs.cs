using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Tells whether a certificate and a key belong together.</summary>
internal static class KeyPairs
{
    /// <summary>What is wrong with the pair in words, or null.</summary>
    public static string? Problem(string certificate, string key)
    {
        if (Missing(certificate, "certificate", static label => label == "CERTIFICATE", "\"CERTIFICATE\" PEM block in") is { } noCertificate)
            return noCertificate;
        if (Missing(key, "key", static label => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal), "PEM block with type ending in \"PRIVATE KEY\" in") is { } noKey)
            return noKey;
        try
        {
            using var parsed = X509Certificate2.CreateFromPem(certificate);
            try
            {
                using var paired = X509Certificate2.CreateFromPem(certificate, key);
                return null;
            }
            catch (ArgumentException)
            {
                return "tls: private key does not match public key";
            }
            catch (CryptographicException)
            {
                return "tls: failed to parse private key";
            }
        }
        catch (CryptographicException)
        {
            return "x509: malformed certificate";
        }
    }

    private static string? Missing(string text, string input, Func<string, bool> wanted, string words)
    {
        var skipped = new List<string>();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var found))
        {
            var label = rest[found.Label].ToString();
            if (wanted(label))
                return null;
            skipped.Add(label);
            rest = rest[found.Location.End..];
        }

        return skipped.Count == 0
            ? $"tls: failed to find any PEM data in {input} input"
            : $"tls: failed to find {words} {input} input after skipping PEM blocks of the following types: [{string.Join(' ', skipped)}]";
    }
}
