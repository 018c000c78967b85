using System.Text;

namespace Coxswain.Api;

/// <summary>Gives the same string for the same short text as long as both are in use: label keys, names of namespaces, "Always".</summary>
/// <remarks>A table of fixed size in which a newcomer takes the place of whoever was there. Races lose an entry, never a text.</remarks>
internal static class StringCache
{
    private const int Size = 4096;
    private const int MaxLength = 48;
    private static readonly string?[] Entries = new string?[Size];

    public static string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length == 0)
            return "";
        if (utf8.Length > MaxLength)
            return Encoding.UTF8.GetString(utf8);

        var hash = (uint)utf8.Length;
        foreach (var b in utf8)
            hash = (hash ^ b) * 16777619;
        ref var entry = ref Entries[(hash ^ (hash >> 15)) & (Size - 1)];
        var found = entry;
        if (found is not null && Ascii.Equals(utf8, found))
            return found;
        return entry = Encoding.UTF8.GetString(utf8);
    }
}
