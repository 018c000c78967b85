using System.Security.Cryptography;
using System.Text;
using Coxswain.Security;

namespace Coxswain.ApiServer.Encryption;

/// <summary>AES in Galois/counter mode: nonce, ciphertext, tag; bound to the key of the store.</summary>
/// <remarks>The platform's cipher objects keep state between calls, so each call has its own.</remarks>
internal sealed class AesGcmTransformer(byte[] secret) : ValueTransformer
{
    private const int NonceSize = 12;
    private const int TagSize = 16;

    public override TransformedValue Read(ReadOnlyMemory<byte> stored, string key)
    {
        var bytes = stored.Span;
        if (bytes.Length < NonceSize)
            throw new TransformException("the stored data was shorter than the required size");
        if (bytes.Length < NonceSize + TagSize)
            throw new TransformException("cipher: message authentication failed");
        var value = new byte[bytes.Length - NonceSize - TagSize];
        try
        {
            using var aes = new AesGcm(secret, TagSize);
            aes.Decrypt(bytes[..NonceSize], bytes[NonceSize..^TagSize], bytes[^TagSize..], value, Encoding.UTF8.GetBytes(key));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new TransformException("cipher: message authentication failed");
        }

        return new(value, false);
    }

    public override ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> value, string key)
    {
        var stored = new byte[NonceSize + value.Length + TagSize];
        var nonce = stored.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(secret, TagSize);
        aes.Encrypt(nonce, value.Span, stored.AsSpan(NonceSize, value.Length), stored.AsSpan(NonceSize + value.Length), Encoding.UTF8.GetBytes(key));
        return stored;
    }
}

/// <summary>AES in cipher block chaining: initialization vector, padded ciphertext. Nothing tells whether it was changed.</summary>
internal sealed class AesCbcTransformer(byte[] secret) : ValueTransformer
{
    private const int BlockSize = 16;

    public override TransformedValue Read(ReadOnlyMemory<byte> stored, string key)
    {
        var bytes = stored.Span;
        if (bytes.Length < BlockSize)
            throw new TransformException("the stored data was shorter than the required size");
        if (bytes.Length % BlockSize != 0)
            throw new TransformException("the stored data is not a multiple of the block size");
        if (bytes.Length == BlockSize)
            throw new TransformException("invalid PKCS7 data (empty or not padded)");
        using var aes = Aes.Create();
        aes.Key = secret;
        var value = aes.DecryptCbc(bytes[BlockSize..], bytes[..BlockSize], PaddingMode.None);
        int padding = value[^1];
        if (padding == 0 || padding > value.Length)
            throw new TransformException("invalid PKCS7 data (empty or not padded)");
        if (value.AsSpan(value.Length - padding).ContainsAnyExcept((byte)padding))
            throw new TransformException("invalid padding on input");
        return new(value.AsMemory(0, value.Length - padding), false);
    }

    public override ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> value, string key)
    {
        var padded = BlockSize - (value.Length % BlockSize) + value.Length;
        var stored = new byte[BlockSize + padded];
        var vector = stored.AsSpan(0, BlockSize);
        RandomNumberGenerator.Fill(vector);
        using var aes = Aes.Create();
        aes.Key = secret;
        aes.EncryptCbc(value.Span, vector, stored.AsSpan(BlockSize));
        return stored;
    }
}

/// <summary>XSalsa20 and Poly1305: nonce, tag, ciphertext.</summary>
internal sealed class SecretBoxTransformer(byte[] secret) : ValueTransformer
{
    public override TransformedValue Read(ReadOnlyMemory<byte> stored, string key)
    {
        var bytes = stored.Span;
        if (bytes.Length < SecretBox.NonceSize + SecretBox.Overhead)
            throw new TransformException("the stored data was shorter than the required size");

        // Upstream's words, although they mean that the tag does not fit.
        return SecretBox.Open(bytes[SecretBox.NonceSize..], bytes[..SecretBox.NonceSize], secret) is { } value
            ? new(value, false)
            : throw new TransformException("output array was not large enough for encryption");
    }

    public override ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> value, string key)
    {
        var nonce = RandomNumberGenerator.GetBytes(SecretBox.NonceSize);
        return (byte[])[.. nonce, .. SecretBox.Seal(value.Span, nonce, secret)];
    }
}
