using System.Buffers.Text;
using System.Security.Cryptography;

namespace Coxswain.Security;

/// <summary>The key with which service-account tokens are signed (ES256: RFC 7518, 3.4).</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class ServiceAccountKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _gate = new();

    private ServiceAccountKey(ECDsa key)
    {
        _key = key;
        KeyId = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>Identifies the public key in token headers and in the key set: the hash of its SubjectPublicKeyInfo.</summary>
    public string KeyId { get; }

    public string PrivatePem => _key.ExportPkcs8PrivateKeyPem();
    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    public static ServiceAccountKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <exception cref="ArgumentException">No key in the text.</exception>
    /// <exception cref="CryptographicException">Not an EC key.</exception>
    public static ServiceAccountKey Load(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.KeySize != 256)
                throw new CryptographicException("the service-account key must be on curve P-256");
            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>The signature over the data in the fixed-size form that JWS wants.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_gate)
            return _key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        lock (_gate)
            return _key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <summary>The public coordinates (RFC 7518, 6.2.1).</summary>
    public (byte[] X, byte[] Y) PublicCoordinates()
    {
        var q = _key.ExportParameters(includePrivateParameters: false).Q;
        return (q.X!, q.Y!);
    }

    public void Dispose() => _key.Dispose();
}
