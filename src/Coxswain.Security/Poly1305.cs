using System.Buffers.Binary;

namespace Coxswain.Security;

/// <summary>The one-time authenticator: the message as a polynomial, evaluated at a secret point modulo 2^130 - 5.</summary>
/// <remarks>Numbers stand in five limbs of 26 bits, so that products and their sums fit 64 bits. No branch depends on data.</remarks>
internal static class Poly1305
{
    private const uint Limb = 0x3ffffff;

    /// <param name="key">32 bytes that are used for this message only.</param>
    /// <param name="tag">Takes 16 bytes.</param>
    public static void Tag(ReadOnlySpan<byte> message, ReadOnlySpan<byte> key, Span<byte> tag)
    {
        // The point; the specification clears 22 of its bits.
        ulong r0 = Word(key, 0) & 0x3ffffff;
        ulong r1 = (Word(key, 3) >> 2) & 0x3ffff03;
        ulong r2 = (Word(key, 6) >> 4) & 0x3ffc0ff;
        ulong r3 = (Word(key, 9) >> 6) & 0x3f03fff;
        ulong r4 = (Word(key, 12) >> 8) & 0x00fffff;
        ulong s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
        ulong h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0;
        Span<byte> block = stackalloc byte[17];

        for (var at = 0; at < message.Length; at += 16)
        {
            var length = Math.Min(16, message.Length - at);
            block.Clear();
            message.Slice(at, length).CopyTo(block);
            block[length] = 1;
            h0 += Word(block, 0) & Limb;
            h1 += (Word(block, 3) >> 2) & Limb;
            h2 += (Word(block, 6) >> 4) & Limb;
            h3 += (Word(block, 9) >> 6) & Limb;
            h4 += (Word(block, 12) >> 8) | ((ulong)block[16] << 24);

            var d0 = (h0 * r0) + (h1 * s4) + (h2 * s3) + (h3 * s2) + (h4 * s1);
            var d1 = (h0 * r1) + (h1 * r0) + (h2 * s4) + (h3 * s3) + (h4 * s2);
            var d2 = (h0 * r2) + (h1 * r1) + (h2 * r0) + (h3 * s4) + (h4 * s3);
            var d3 = (h0 * r3) + (h1 * r2) + (h2 * r1) + (h3 * r0) + (h4 * s4);
            var d4 = (h0 * r4) + (h1 * r3) + (h2 * r2) + (h3 * r1) + (h4 * r0);

            d1 += d0 >> 26;
            d2 += d1 >> 26;
            d3 += d2 >> 26;
            d4 += d3 >> 26;
            h0 = (d0 & Limb) + ((d4 >> 26) * 5);
            h1 = (d1 & Limb) + (h0 >> 26);
            h0 &= Limb;
            (h2, h3, h4) = (d2 & Limb, d3 & Limb, d4 & Limb);
        }

        Finish(h0, h1, h2, h3, h4, key, tag);
        block.Clear();
    }

    private static void Finish(ulong h0, ulong h1, ulong h2, ulong h3, ulong h4, ReadOnlySpan<byte> key, Span<byte> tag)
    {
        // All carries, then the remainder itself: h, or h - p if that is not negative.
        h2 += h1 >> 26;
        h1 &= Limb;
        h3 += h2 >> 26;
        h2 &= Limb;
        h4 += h3 >> 26;
        h3 &= Limb;
        h0 += (h4 >> 26) * 5;
        h4 &= Limb;
        h1 += h0 >> 26;
        h0 &= Limb;

        var g0 = h0 + 5;
        var g1 = h1 + (g0 >> 26);
        var g2 = h2 + (g1 >> 26);
        var g3 = h3 + (g2 >> 26);
        var g4 = h4 + (g3 >> 26) - (1UL << 26);
        var keep = 0 - (g4 >> 63);
        h0 = (h0 & keep) | (g0 & Limb & ~keep);
        h1 = (h1 & keep) | (g1 & Limb & ~keep);
        h2 = (h2 & keep) | (g2 & Limb & ~keep);
        h3 = (h3 & keep) | (g3 & Limb & ~keep);
        h4 = (h4 & keep) | (g4 & Limb & ~keep);

        // Modulo 2^128, with the second half of the key added.
        var sum = (h0 | (h1 << 26)) & uint.MaxValue;
        sum += Word(key, 16);
        BinaryPrimitives.WriteUInt32LittleEndian(tag, (uint)sum);
        sum = (sum >> 32) + (((h1 >> 6) | (h2 << 20)) & uint.MaxValue) + Word(key, 20);
        BinaryPrimitives.WriteUInt32LittleEndian(tag[4..], (uint)sum);
        sum = (sum >> 32) + (((h2 >> 12) | (h3 << 14)) & uint.MaxValue) + Word(key, 24);
        BinaryPrimitives.WriteUInt32LittleEndian(tag[8..], (uint)sum);
        sum = (sum >> 32) + (((h3 >> 18) | (h4 << 8)) & uint.MaxValue) + Word(key, 28);
        BinaryPrimitives.WriteUInt32LittleEndian(tag[12..], (uint)sum);
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
