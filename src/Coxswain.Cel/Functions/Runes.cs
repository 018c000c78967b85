using System.Text;

namespace Coxswain.Cel.Functions;

/// <summary>Texts by code points: CEL knows no UTF-16.</summary>
internal static class Runes
{
    public static int Count(string text)
    {
        var count = text.Length;
        foreach (var c in text)
        {
            if (char.IsLowSurrogate(c))
                count--;
        }
        return count;
    }

    /// <summary>The UTF-16 offset of a code point; the text's end is one too. -1: there is no such place.</summary>
    public static int Offset(string text, long index)
    {
        if (index < 0 || index > text.Length)
            return -1;
        var offset = 0;
        for (; index > 0; index--)
        {
            if (offset >= text.Length)
                return -1;
            offset += char.IsHighSurrogate(text[offset]) && offset + 1 < text.Length ? 2 : 1;
        }
        return offset;
    }

    /// <summary>The code point's index of a UTF-16 offset.</summary>
    public static long Index(string text, int offset) => offset < 0 ? -1 : Count(text[..offset]);

    /// <summary>The order of code points, which is that of UTF-8 and not of UTF-16.</summary>
    public static int Compare(string a, string b)
    {
        var x = a.EnumerateRunes();
        var y = b.EnumerateRunes();
        while (true)
        {
            var more = x.MoveNext();
            if (more != y.MoveNext())
                return more ? 1 : -1;
            if (!more)
                return 0;
            var order = x.Current.CompareTo(y.Current);
            if (order != 0)
                return order;
        }
    }

    public static string Reverse(string text)
    {
        var reversed = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes().Reverse())
            reversed.Append(rune.ToString());
        return reversed.ToString();
    }
}
