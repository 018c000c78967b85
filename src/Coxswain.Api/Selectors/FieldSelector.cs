using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Coxswain.Api.Selectors;

/// <summary>One demand on one field: equal to a text, or not.</summary>
public readonly record struct FieldTerm(string Field, string Value, bool Negated)
{
    public bool Matches(string? value) => string.Equals(value ?? "", Value, StringComparison.Ordinal) != Negated;
}

/// <summary>A set of demands on fields that must all be met, as the <c>fieldSelector</c> parameter says it. Immutable.</summary>
public sealed class FieldSelector
{
    private FieldSelector(IReadOnlyList<FieldTerm> terms) => Terms = terms;

    public static FieldSelector Everything { get; } = new([]);

    /// <summary>In order of their texts.</summary>
    public IReadOnlyList<FieldTerm> Terms { get; }

    public bool IsEverything => Terms.Count == 0;

    /// <summary>One field must have one value.</summary>
    public static FieldSelector Equal(string field, string value) => new([new(field, value, false)]);

    /// <summary>Reads <c>a=b,c!=d</c>; a backslash takes the meaning from a comma, an equals sign and a backslash.</summary>
    /// <exception cref="FormatException">The message is upstream's.</exception>
    public static FieldSelector Parse(string text) =>
        TryParse(text, out var selector, out var error) ? selector : throw new FormatException(error);

    public static bool TryParse(string text, [NotNullWhen(true)] out FieldSelector? selector, [NotNullWhen(false)] out string? error)
    {
        selector = null;
        error = null;
        var parts = SplitTerms(text);
        parts.Sort(StringComparer.Ordinal);
        var terms = new List<FieldTerm>(parts.Count);
        foreach (var part in parts)
        {
            if (part.Length == 0)
                continue;

            if (!TrySplit(part, out var field, out var escaped, out var negated))
            {
                error = $"invalid selector: '{text}'; can't understand '{part}'";
                return false;
            }

            if (!TryUnescape(escaped, out var value, out error))
                return false;
            terms.Add(new(field, value, negated));
        }

        selector = terms.Count == 0 ? Everything : new(terms);
        return true;
    }

    /// <summary>The value that a field must have, where the selector leaves it only one.</summary>
    public bool TryGetRequired(string field, [NotNullWhen(true)] out string? value)
    {
        foreach (var term in Terms)
        {
            if (!term.Negated && term.Field == field)
            {
                value = term.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    /// <param name="field">The value of a field; null counts as empty.</param>
    public bool Matches(Func<string, string?> field)
    {
        foreach (var term in Terms)
        {
            if (!term.Matches(field(term.Field)))
                return false;
        }

        return true;
    }

    /// <summary>The text, which <see cref="Parse"/> reads back.</summary>
    public override string ToString() => string.Join(',', Terms.Select(term => $"{term.Field}{(term.Negated ? "!=" : "=")}{Escape(term.Value)}"));

    /// <summary>A value with backslashes before what would end it.</summary>
    public static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal).Replace("=", "\\=", StringComparison.Ordinal);

    private static List<string> SplitTerms(string text)
    {
        var parts = new List<string>();
        if (text.Length == 0)
            return parts;

        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }

        parts.Add(text[start..]);
        return parts;
    }

    private static bool TrySplit(string term, out string field, out string value, out bool negated)
    {
        field = value = "";
        negated = false;
        for (var i = 0; i < term.Length; i++)
        {
            negated = term.AsSpan(i).StartsWith("!=", StringComparison.Ordinal);
            var length = negated || term.AsSpan(i).StartsWith("==", StringComparison.Ordinal) ? 2 : term[i] == '=' ? 1 : 0;
            if (length == 0)
                continue;

            field = term[..i];
            value = term[(i + length)..];
            return true;
        }

        return false;
    }

    private static bool TryUnescape(string escaped, out string value, [NotNullWhen(false)] out string? error)
    {
        error = null;
        value = escaped;
        if (escaped.AsSpan().IndexOfAny("\\,=") < 0)
            return true;

        var builder = new StringBuilder(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            var c = escaped[i];
            if (c is ',' or '=')
            {
                error = $"invalid field selector: unescaped character in value: {(int)c}";
                return false;
            }

            if (c == '\\')
            {
                var next = ++i < escaped.Length ? escaped[i] : '\0';
                if (next is not ('\\' or ',' or '='))
                {
                    error = "invalid field selector: invalid escape sequence: \\" + (next == '\0' ? "" : next);
                    return false;
                }

                c = next;
            }

            builder.Append(c);
        }

        value = builder.ToString();
        return true;
    }
}
