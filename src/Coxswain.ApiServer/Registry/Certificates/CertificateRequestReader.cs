using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Coxswain.ApiServer.Registry.Certificates;

/// <summary>Reads as much of a PKCS#10 request in PEM as rules need.</summary>
internal static class CertificateRequestReader
{
    private const string Organization = "2.5.4.10";

    /// <summary>The request, or why it is none.</summary>
    public static CertificateRequest? TryRead(ReadOnlySpan<byte> pem, out string problem)
    {
        problem = "";
        var text = Encoding.UTF8.GetString(pem);
        if (!PemEncoding.TryFind(text, out var fields) || text.AsSpan()[fields.Label] is not "CERTIFICATE REQUEST")
        {
            problem = "PEM block type must be CERTIFICATE REQUEST";
            return null;
        }

        try
        {
            return CertificateRequest.LoadSigningRequest(Convert.FromBase64String(text[fields.Base64Data]), HashAlgorithmName.SHA256,
                CertificateRequestLoadOptions.SkipSignatureValidation | CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
        }
        catch (Exception e) when (e is CryptographicException or FormatException or AsnContentException)
        {
            problem = e.Message;
            return null;
        }
    }

    public static bool TryReadOrganizations(ReadOnlySpan<byte> pem, out IReadOnlyList<string> organizations)
    {
        var found = new List<string>();
        organizations = found;
        if (TryRead(pem, out _) is not { } request)
            return false;
        foreach (var name in request.SubjectName.EnumerateRelativeDistinguishedNames())
            if (!name.HasMultipleElements && name.GetSingleElementType().Value == Organization && name.GetSingleElementValue() is { } value)
                found.Add(value);
        return true;
    }
}
