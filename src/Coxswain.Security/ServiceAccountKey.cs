using System.Buffers.Text;
using System.Security.Cryptography;

namespace Coxswain.Security;

/// <summary>A key with which service-account tokens are signed or checked: RSA (RS256) or elliptic curve (ES256, ES384, ES512; RFC 7518, 3.1).</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class ServiceAccountKey : IDisposable
{
    private const int SmallestRsa = 2048;

    private readonly AsymmetricAlgorithm _key;
    private readonly HashAlgorithmName _hash;
    private readonly Lock _gate = new();

    private ServiceAccountKey(AsymmetricAlgorithm key, bool isPrivate)
    {
        _key = key;
        IsPrivate = isPrivate;
        (Algorithm, _hash) = key switch
        {
            RSA { KeySize: >= SmallestRsa } => ("RS256", HashAlgorithmName.SHA256),
            RSA => throw new CryptographicException($"an RSA key for service-account tokens needs {SmallestRsa} bits"),
            ECDsa { KeySize: 256 } => ("ES256", HashAlgorithmName.SHA256),
            ECDsa { KeySize: 384 } => ("ES384", HashAlgorithmName.SHA384),
            ECDsa { KeySize: 521 } => ("ES512", HashAlgorithmName.SHA512),
            _ => throw new CryptographicException("the service-account key must be on curve P-256, P-384 or P-521"),
        };
        KeyId = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>Identifies the public key in token headers and in the key set: the hash of its SubjectPublicKeyInfo.</summary>
    public string KeyId { get; }

    /// <summary>The name of the signature in token headers.</summary>
    public string Algorithm { get; }

    /// <summary>Whether it can sign, too.</summary>
    public bool IsPrivate { get; }

    public string PrivatePem => _key.ExportPkcs8PrivateKeyPem();
    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    public static ServiceAccountKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), isPrivate: true);

    /// <summary>Reads a private or a public key.</summary>
    /// <exception cref="ArgumentException">No key in the text.</exception>
    /// <exception cref="CryptographicException">Not a key that tokens can be signed with.</exception>
    public static ServiceAccountKey Load(string pem)
    {
        var isPrivate = pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal);
        var key = (AsymmetricAlgorithm?)Import(ECDsa.Create(), pem) ?? Import(RSA.Create(), pem) ?? throw new CryptographicException("the text holds no RSA or EC key");
        try
        {
            return new(key, isPrivate);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Every private and public key in a text, in order.</summary>
    /// <exception cref="CryptographicException">One of them is not a key that tokens can be signed with.</exception>
    public static List<ServiceAccountKey> LoadAll(string pem)
    {
        var keys = new List<ServiceAccountKey>();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            // Parameters of a curve stand before an EC key, and certificates are no keys.
            if (rest[fields.Label].EndsWith(" KEY") || rest[fields.Label] is "PRIVATE KEY" or "PUBLIC KEY")
                keys.Add(Load(rest[fields.Location].ToString()));
            rest = rest[fields.Location.End..];
        }

        return keys;
    }

    /// <summary>The signature over the data in the form that JWS wants.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_gate)
            return _key switch
            {
                RSA rsa => rsa.SignData(data, _hash, RSASignaturePadding.Pkcs1),
                _ => ((ECDsa)_key).SignData(data, _hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            };
    }

    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        lock (_gate)
            return _key switch
            {
                RSA rsa => rsa.VerifyData(data, signature, _hash, RSASignaturePadding.Pkcs1),
                _ => ((ECDsa)_key).VerifyData(data, signature, _hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            };
    }

    /// <summary>The public key as a JSON Web Key (RFC 7518, 6.2.1 and 6.3.1).</summary>
    public string ToJsonWebKey()
    {
        if (_key is RSA rsa)
        {
            var parameters = rsa.ExportParameters(includePrivateParameters: false);
            return $$"""{"use":"sig","kty":"RSA","kid":"{{KeyId}}","alg":"{{Algorithm}}","n":"{{Text(parameters.Modulus)}}","e":"{{Text(parameters.Exponent)}}"}""";
        }

        var q = ((ECDsa)_key).ExportParameters(includePrivateParameters: false).Q;
        return $$"""{"use":"sig","kty":"EC","kid":"{{KeyId}}","crv":"P-{{_key.KeySize}}","alg":"{{Algorithm}}","x":"{{Text(q.X)}}","y":"{{Text(q.Y)}}"}""";

        static string Text(byte[]? bytes) => Base64Url.EncodeToString(bytes);
    }

    public void Dispose() => _key.Dispose();

    private static T? Import<T>(T key, string pem)
        where T : AsymmetricAlgorithm
    {
        try
        {
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            // The text may hold the other kind of key; where it holds none at all, that is what is told.
            if (e is ArgumentException && !pem.Contains("-----BEGIN ", StringComparison.Ordinal))
                throw;
            return null;
        }
    }
}
