using System.Text;

namespace Coxswain.ApiServer.Http;

/// <summary>Warning headers (RFC 7234, 5.5): code 299, no agent.</summary>
internal static class WarningHeader
{
    public static string Format(string text)
    {
        var header = new StringBuilder("299 - \"", text.Length + 16);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
                header.Append('\\');
            if (Rune.IsControl(rune))
                continue;
            if (rune.IsAscii)
            {
                header.Append((char)rune.Value);
                continue;
            }

            // Header values are bytes: the characters of the UTF-8 form, one each.
            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
                header.Append((char)b);
        }

        return header.Append('"').ToString();
    }
}
