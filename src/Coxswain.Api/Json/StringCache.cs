using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Coxswain.Api;

/// <summary>Gives the same string for the same short text as long as both are in use: label keys, names of namespaces, "Always".</summary>
/// <remarks>A table of fixed size with two places for each hash; a newcomer drives out the older of the two. Races lose an
/// entry, never a text.</remarks>
internal static class StringCache
{
    private const int SizeBits = 12;
    private const int MaxLength = 48;
    private static readonly string?[] Entries = new string?[1 << SizeBits];

    public static string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length == 0)
            return "";
        if (utf8.Length > MaxLength)
            return Encoding.UTF8.GetString(utf8);

        var place = Hash(utf8) >> (64 - SizeBits);
        ref var first = ref Entries[place];
        var found = first;
        if (found is not null && Ascii.Equals(utf8, found))
            return found;
        ref var second = ref Entries[place ^ 1];
        var other = second;
        if (other is not null && Ascii.Equals(utf8, other))
            return other;
        if (found is not null)
            second = found;
        return first = Encoding.UTF8.GetString(utf8);
    }

    /// <summary>Looks at the beginning, the middle and the end: names that belong together mostly differ at their end.</summary>
    private static ulong Hash(ReadOnlySpan<byte> utf8)
    {
        ulong head, middle, tail;
        if (utf8.Length >= 8)
        {
            head = BinaryPrimitives.ReadUInt64LittleEndian(utf8);
            middle = BinaryPrimitives.ReadUInt64LittleEndian(utf8[((utf8.Length - 8) / 2)..]);
            tail = BinaryPrimitives.ReadUInt64LittleEndian(utf8[(utf8.Length - 8)..]);
        }
        else
        {
            head = utf8[0];
            middle = utf8[utf8.Length / 2];
            tail = utf8.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(utf8[(utf8.Length - 4)..]) : utf8[^1];
        }
        var hash = (head * 0x9E3779B97F4A7C15) ^ BitOperations.RotateLeft(tail * 0xC2B2AE3D27D4EB4F, 31) ^ (middle + (ulong)utf8.Length);
        return (hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9;
    }
}
