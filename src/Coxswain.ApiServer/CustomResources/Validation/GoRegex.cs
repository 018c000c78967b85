using System.Text;
using System.Text.RegularExpressions;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>Regular expressions as Go reads them (RE2): no look-around, and matching takes time in proportion to the text.</summary>
internal static class GoRegex
{
    private const string Digit = "0-9";
    private const string Word = "0-9A-Za-z_";
    private const string Space = "\\t\\n\\f\\r ";

    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["alnum"] = "0-9A-Za-z",
        ["alpha"] = "A-Za-z",
        ["ascii"] = "\\x00-\\x7F",
        ["blank"] = "\\t ",
        ["cntrl"] = "\\x00-\\x1F\\x7F",
        ["digit"] = "0-9",
        ["graph"] = "!-~",
        ["lower"] = "a-z",
        ["print"] = " -~",
        ["punct"] = "!-/:-@\\[-`{-~",
        ["space"] = "\\t\\n\\v\\f\\r ",
        ["upper"] = "A-Z",
        ["word"] = Word,
        ["xdigit"] = "0-9A-Fa-f",
    };

    /// <summary>False where Go would not compile the pattern, with its message.</summary>
    public static bool TryCompile(string pattern, out Regex regex, out string error)
    {
        regex = null!;
        error = Check(pattern) is { } complaint ? "error parsing regexp: " + complaint : "";
        if (error.Length > 0)
            return false;
        try
        {
            regex = new(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return true;
        }
        catch (Exception refused) when (refused is ArgumentException or NotSupportedException)
        {
            error = $"error parsing regexp: invalid or unsupported Perl syntax: `{pattern}`";
            return false;
        }
    }

    /// <summary>What is unbalanced or out of place, in Go's words.</summary>
    private static string? Check(string pattern)
    {
        var depth = 0;
        var repeatable = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    if (++i == pattern.Length)
                        return "trailing backslash at end of expression: ``";
                    if (pattern[i] is >= '1' and <= '9')
                        return $"invalid escape sequence: `\\{pattern[i]}`";
                    repeatable = true;
                    break;
                case '[':
                    var end = EndOfClass(pattern, i);
                    if (end < 0)
                        return $"missing closing ]: `{pattern[i..]}`";
                    i = end;
                    repeatable = true;
                    break;
                case '(':
                    if (IsLookAround(pattern.AsSpan(i)))
                        return $"invalid or unsupported Perl syntax: `{pattern.AsSpan(i, Math.Min(3, pattern.Length - i))}`";
                    depth++;
                    repeatable = false;
                    break;
                case ')':
                    if (--depth < 0)
                        return $"unexpected ): `{pattern}`";
                    repeatable = true;
                    break;
                case '|':
                    repeatable = false;
                    break;
                case '*' or '+' or '?' when !repeatable && (i == 0 || pattern[i - 1] != '('):
                    return $"missing argument to repetition operator: `{pattern[i]}`";
                default:
                    repeatable = true;
                    break;
            }
        }

        return depth > 0 ? $"missing closing ): `{pattern}`" : null;
    }

    private static bool IsLookAround(ReadOnlySpan<char> group) =>
        group.StartsWith("(?=") || group.StartsWith("(?!") || group.StartsWith("(?<=") || group.StartsWith("(?<!") || group.StartsWith("(?>");

    private static int EndOfClass(string pattern, int start)
    {
        var i = start + 1;
        if (i < pattern.Length && pattern[i] == '^')
            i++;
        // A bracket that stands first is one of the characters.
        if (i < pattern.Length && pattern[i] == ']')
            i++;
        for (; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\')
                i++;
            else if (pattern[i] == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':' && pattern.IndexOf(":]", i + 2, StringComparison.Ordinal) is > 0 and var closed)
                i = closed + 1;
            else if (pattern[i] == ']')
                return i;
        }

        return -1;
    }

    /// <summary>The same expression in the platform's syntax: ASCII classes, and an end that is the end.</summary>
    private static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var isClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                Escape(pattern, ref i, isClass, result);
            }
            else if (isClass)
            {
                isClass = InClass(pattern, ref i, result);
            }
            else if (c == '[')
            {
                isClass = true;
                result.Append('[');
                if (i + 1 < pattern.Length && pattern[i + 1] == '^')
                    result.Append(pattern[++i]);
                if (i + 1 < pattern.Length && pattern[i + 1] == ']')
                {
                    result.Append("\\]");
                    i++;
                }
            }
            else if (c == '$')
            {
                result.Append("\\z");
            }
            else if (c == '(' && pattern.AsSpan(i).StartsWith("(?P<"))
            {
                result.Append("(?<");
                i += 3;
            }
            else
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }

    private static bool InClass(string pattern, ref int i, StringBuilder result)
    {
        var c = pattern[i];
        if (c == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':' && pattern.IndexOf(":]", i, StringComparison.Ordinal) is > 0 and var end
            && Classes.TryGetValue(pattern[(i + 2)..end], out var members))
        {
            result.Append(members);
            i = end + 1;
            return true;
        }

        // The platform would take away one class from another.
        result.Append(c == '[' ? "\\[" : c.ToString());
        return c != ']';
    }

    private static void Escape(string pattern, ref int i, bool isClass, StringBuilder result)
    {
        var c = pattern[++i];
        var (set, negated) = c switch
        {
            'd' => (Digit, false),
            'w' => (Word, false),
            's' => (Space, false),
            'D' => (Digit, true),
            'W' => (Word, true),
            'S' => (Space, true),
            _ => ("", false),
        };
        if (set.Length == 0)
        {
            if (c is 'p' or 'P' && i + 1 < pattern.Length && pattern[i + 1] != '{')
                result.Append('\\').Append(c).Append('{').Append(pattern[++i]).Append('}');
            else
                result.Append('\\').Append(c);
        }
        else if (!isClass)
        {
            result.Append(negated ? "[^" : "[").Append(set).Append(']');
        }
        else
        {
            // Inside a class a negated one has no ASCII form; the platform's own comes closest.
            result.Append(negated ? "\\" + c : set);
        }
    }
}
