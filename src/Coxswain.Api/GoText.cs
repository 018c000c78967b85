using System.Globalization;
using System.Text;

namespace Coxswain.Api;

/// <summary>Texts as upstream's error messages write them.</summary>
public static class GoText
{
    /// <summary>A text in double quotes, with control and unprintable characters escaped.</summary>
    public static string Quote(string value)
    {
        var builder = new StringBuilder(value.Length + 2).Append('"');
        foreach (var rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"': builder.Append("\\\""); break;
                case '\\': builder.Append("\\\\"); break;
                case '\a': builder.Append("\\a"); break;
                case '\b': builder.Append("\\b"); break;
                case '\f': builder.Append("\\f"); break;
                case '\n': builder.Append("\\n"); break;
                case '\r': builder.Append("\\r"); break;
                case '\t': builder.Append("\\t"); break;
                case '\v': builder.Append("\\v"); break;
                default: AppendRune(builder, rune); break;
            }
        }

        return builder.Append('"').ToString();
    }

    private static void AppendRune(StringBuilder builder, Rune rune)
    {
        if (rune.Value is >= 0x20 and < 0x7f || (rune.Value >= 0x80 && IsPrintable(rune)))
            builder.Append(rune.ToString());
        else if (rune.Value < 0x80)
            builder.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
        else if (rune.Value < 0x10000)
            builder.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
        else
            builder.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
