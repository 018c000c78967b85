using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Coxswain.Security;

/// <summary>Secret-key authenticated encryption as NaCl's crypto_secretbox defines it: XSalsa20 and Poly1305. The platform has neither.</summary>
/// <remarks>Written from the specifications (Salsa20, its extended nonce, Poly1305) and held to their published test vectors. No step's
/// time depends on secret data: no branch and no table look-up does. Thread safe.</remarks>
public static class SecretBox
{
    public const int KeySize = 32;

    public const int NonceSize = 24;

    /// <summary>By how much a box is longer than what is in it.</summary>
    public const int Overhead = 16;

    private const int BlockSize = 64;

    /// <summary>Encrypts: the tag, then as many bytes as the message has. A nonce must never be used twice with one key.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> message, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        Check(nonce, key);
        var box = new byte[Overhead + message.Length];
        Span<byte> tagKey = stackalloc byte[32];
        Xor(message, box.AsSpan(Overhead), nonce, key, tagKey);
        Poly1305.Tag(box.AsSpan(Overhead), tagKey, box);
        CryptographicOperations.ZeroMemory(tagKey);
        return box;
    }

    /// <summary>Decrypts.</summary>
    /// <returns>Null: the box was not sealed with this key and nonce, or was changed since.</returns>
    public static byte[]? Open(ReadOnlySpan<byte> box, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        Check(nonce, key);
        if (box.Length < Overhead)
            return null;
        var message = new byte[box.Length - Overhead];
        Span<byte> tagKey = stackalloc byte[32];
        Span<byte> tag = stackalloc byte[Overhead];
        Xor(box[Overhead..], message, nonce, key, tagKey);
        Poly1305.Tag(box[Overhead..], tagKey, tag);
        CryptographicOperations.ZeroMemory(tagKey);
        if (CryptographicOperations.FixedTimeEquals(tag, box[..Overhead]))
            return message;
        CryptographicOperations.ZeroMemory(message);
        return null;
    }

    private static void Check(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        if (nonce.Length != NonceSize)
            throw new ArgumentException($"the nonce must have {NonceSize} bytes", nameof(nonce));
        if (key.Length != KeySize)
            throw new ArgumentException($"the key must have {KeySize} bytes", nameof(key));
    }

    /// <summary>The key stream's first 32 bytes are the tag's key; the message begins with the byte after them.</summary>
    private static void Xor(ReadOnlySpan<byte> input, Span<byte> output, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key, Span<byte> tagKey)
    {
        Span<byte> subKey = stackalloc byte[32];
        HSalsa20(key, nonce[..16], subKey);
        Span<uint> state = stackalloc uint[16];
        Fill(state, subKey);
        state[6] = BinaryPrimitives.ReadUInt32LittleEndian(nonce[16..]);
        state[7] = BinaryPrimitives.ReadUInt32LittleEndian(nonce[20..]);
        Span<byte> stream = stackalloc byte[BlockSize];
        Block(state, stream);
        stream[..32].CopyTo(tagKey);
        var used = 32;
        var at = 0;
        while (at < input.Length)
        {
            if (used == BlockSize)
            {
                if (++state[8] == 0)
                    state[9]++;
                Block(state, stream);
                used = 0;
            }

            var count = Math.Min(BlockSize - used, input.Length - at);
            for (var i = 0; i < count; i++)
                output[at + i] = (byte)(input[at + i] ^ stream[used + i]);
            used += count;
            at += count;
        }

        CryptographicOperations.ZeroMemory(stream);
        CryptographicOperations.ZeroMemory(subKey);
        state.Clear();
    }

    /// <summary>A key of its own for each 16 bytes that a nonce can begin with.</summary>
    internal static void HSalsa20(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Span<uint> x = stackalloc uint[16];
        Fill(x, key);
        for (var i = 0; i < 4; i++)
            x[6 + i] = BinaryPrimitives.ReadUInt32LittleEndian(input[(4 * i)..]);
        Rounds(x);
        ReadOnlySpan<int> taken = [0, 5, 10, 15, 6, 7, 8, 9];
        for (var i = 0; i < taken.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(output[(4 * i)..], x[taken[i]]);
        x.Clear();
    }

    /// <summary>The constants "expand 32-byte k" on the diagonal, the key in two halves around the middle.</summary>
    private static void Fill(Span<uint> state, ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> constants = "expand 32-byte k"u8;
        for (var i = 0; i < 4; i++)
        {
            state[5 * i] = BinaryPrimitives.ReadUInt32LittleEndian(constants[(4 * i)..]);
            state[1 + i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]);
            state[11 + i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(16 + (4 * i))..]);
        }
    }

    private static void Block(ReadOnlySpan<uint> state, Span<byte> output)
    {
        Span<uint> x = stackalloc uint[16];
        state.CopyTo(x);
        Rounds(x);
        for (var i = 0; i < 16; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(output[(4 * i)..], x[i] + state[i]);
        x.Clear();
    }

    private static void Rounds(Span<uint> x)
    {
        for (var round = 0; round < 20; round += 2)
        {
            // Columns, then rows.
            Quarter(ref x[0], ref x[4], ref x[8], ref x[12]);
            Quarter(ref x[5], ref x[9], ref x[13], ref x[1]);
            Quarter(ref x[10], ref x[14], ref x[2], ref x[6]);
            Quarter(ref x[15], ref x[3], ref x[7], ref x[11]);
            Quarter(ref x[0], ref x[1], ref x[2], ref x[3]);
            Quarter(ref x[5], ref x[6], ref x[7], ref x[4]);
            Quarter(ref x[10], ref x[11], ref x[8], ref x[9]);
            Quarter(ref x[15], ref x[12], ref x[13], ref x[14]);
        }
    }

    private static void Quarter(ref uint a, ref uint b, ref uint c, ref uint d)
    {
        b ^= BitOperations.RotateLeft(a + d, 7);
        c ^= BitOperations.RotateLeft(b + a, 9);
        d ^= BitOperations.RotateLeft(c + b, 13);
        a ^= BitOperations.RotateLeft(d + c, 18);
    }
}
