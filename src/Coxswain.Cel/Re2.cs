using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace Coxswain.Cel;

/// <summary>RE2's patterns, as Kubernetes' clients write them, matched in time linear in the text.</summary>
/// <remarks>Patterns are translated to the library's own engine without backtracking. What RE2 does not have (look-around,
/// back-references) is refused as RE2 refuses it. Parsed patterns are kept, up to a bound. Safe for concurrent use.</remarks>
public static class Re2
{
    private const int KeptPatterns = 1_000;
    private const int MaxPatternLength = 10_000;

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, Regex> Kept = new(StringComparer.Ordinal);

    private static readonly Dictionary<string, string> PosixClasses = new(StringComparer.Ordinal)
    {
        ["alnum"] = "0-9A-Za-z", ["alpha"] = "A-Za-z", ["ascii"] = @"\x00-\x7F", ["blank"] = @"\t ", ["cntrl"] = @"\x00-\x1F\x7F",
        ["digit"] = "0-9", ["graph"] = "!-~", ["lower"] = "a-z", ["print"] = " -~", ["punct"] = @"!-/:-@\[-`{-~", ["space"] = @"\t\n\v\f\r ",
        ["upper"] = "A-Z", ["word"] = "0-9A-Za-z_", ["xdigit"] = "0-9A-Fa-f",
    };

    /// <param name="error">Why the pattern is none.</param>
    public static bool TryParse(string pattern, [NotNullWhen(true)] out Regex? regex, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        error = null;
        if (Kept.TryGetValue(pattern, out regex))
            return true;
        try
        {
            if (pattern.Length > MaxPatternLength)
                throw new RegexParseException("expression nests too deeply");
            regex = new Regex(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or RegexParseException)
        {
            error = $"error parsing regexp: {Reason(e)}: `{pattern}`";
            return false;
        }
        if (Kept.Count >= KeptPatterns)
            Kept.Clear();
        Kept[pattern] = regex;
        return true;
    }

    private static string Reason(Exception e) => e switch
    {
        RegexParseException own => own.Message,
        NotSupportedException => "invalid or unsupported Perl syntax",
        System.Text.RegularExpressions.RegexParseException { Error: RegexParseError.InsufficientClosingParentheses } => "missing closing )",
        System.Text.RegularExpressions.RegexParseException { Error: RegexParseError.InsufficientOpeningParentheses } => "unexpected )",
        System.Text.RegularExpressions.RegexParseException { Error: RegexParseError.UnterminatedBracket } => "missing closing ]",
        System.Text.RegularExpressions.RegexParseException { Error: RegexParseError.QuantifierAfterNothing } => "missing argument to repetition operator",
        System.Text.RegularExpressions.RegexParseException { Error: RegexParseError.ReversedCharacterRange } => "invalid character class range",
        System.Text.RegularExpressions.RegexParseException { Error: RegexParseError.UnescapedEndingBackslash } => "trailing backslash at end of expression",
        _ => "invalid regular expression",
    };

    private static string Translate(string pattern)
    {
        var output = new StringBuilder(pattern.Length + 16);
        var inClass = false;
        var multiline = HasMultilineFlag(pattern);
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
                i = TranslateEscape(pattern, i, inClass, output);
            else if (inClass && c == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':' && pattern.IndexOf(":]", i + 2, StringComparison.Ordinal) is var end and > 0)
            {
                output.Append(PosixClass(pattern[(i + 2)..end]));
                i = end + 1;
            }
            else if (inClass)
            {
                // A bracket within a class is a bracket; .NET would see a subtraction in "-[".
                output.Append(c == '[' ? @"\[" : c.ToString());
                inClass = c != ']';
            }
            else if (c == '[')
            {
                output.Append(c);
                inClass = true;
                if (i + 1 < pattern.Length && pattern[i + 1] == '^')
                    output.Append(pattern[++i]);
                // A closing bracket that comes first is one of the class.
                if (i + 1 < pattern.Length && pattern[i + 1] == ']')
                {
                    output.Append(@"\]");
                    i++;
                }
            }
            else if (c == '(' && pattern.AsSpan(i).StartsWith("(?P<"))
            {
                output.Append("(?<");
                i += 3;
            }
            else if (c == '$' && !multiline)
                output.Append(@"\z");
            else
                output.Append(c);
        }
        return output.ToString();
    }

    private static bool HasMultilineFlag(string pattern)
    {
        for (var at = pattern.IndexOf("(?", StringComparison.Ordinal); at >= 0; at = pattern.IndexOf("(?", at + 2, StringComparison.Ordinal))
        {
            for (var i = at + 2; i < pattern.Length && (char.IsAsciiLetter(pattern[i]) || pattern[i] == '-'); i++)
            {
                if (pattern[i] == 'm')
                    return true;
            }
        }
        return false;
    }

    private static string PosixClass(string name)
    {
        var negated = name.StartsWith('^');
        if (!PosixClasses.TryGetValue(negated ? name[1..] : name, out var content))
            throw new RegexParseException("invalid character class range");
        return negated ? throw new RegexParseException("invalid character class range") : content;
    }

    /// <returns>The index of the last character taken.</returns>
    private static int TranslateEscape(string pattern, int i, bool inClass, StringBuilder output)
    {
        var c = pattern[i + 1];
        switch (c)
        {
            // ASCII only, in RE2.
            case 'd': output.Append(inClass ? "0-9" : "[0-9]"); break;
            case 'w': output.Append(inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]"); break;
            case 's': output.Append(inClass ? @"\t\n\f\r " : @"[\t\n\f\r ]"); break;
            case 'D' when !inClass: output.Append("[^0-9]"); break;
            case 'W' when !inClass: output.Append("[^0-9A-Za-z_]"); break;
            case 'S' when !inClass: output.Append(@"[^\t\n\f\r ]"); break;
            case 'p' or 'P' when i + 2 < pattern.Length && pattern[i + 2] != '{':
                output.Append('\\').Append(c).Append('{').Append(pattern[i + 2]).Append('}');
                return i + 2;
            case 'Q':
                var end = pattern.IndexOf(@"\E", i + 2, StringComparison.Ordinal);
                var literal = end < 0 ? pattern[(i + 2)..] : pattern[(i + 2)..end];
                output.Append(Regex.Escape(literal).Replace("]", @"\]", StringComparison.Ordinal));
                return end < 0 ? pattern.Length - 1 : end + 1;
            case 'z' or 'A' or 'b' or 'B' or 'a' or 'f' or 't' or 'n' or 'r' or 'v' or 'D' or 'W' or 'S' or 'P' or 'p' or 'x':
                if (c == 'x' && i + 2 < pattern.Length && pattern[i + 2] == '{')
                    return TranslateCode(pattern, i, output);
                output.Append('\\').Append(c);
                break;
            case var _ when char.IsAsciiLetterOrDigit(c):
                throw new RegexParseException("invalid escape sequence");
            default:
                output.Append('\\').Append(c);
                break;
        }
        return i + 1;
    }

    private static int TranslateCode(string pattern, int i, StringBuilder output)
    {
        var end = pattern.IndexOf('}', i);
        if (end < 0 || !uint.TryParse(pattern.AsSpan(i + 3, end - i - 3), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var code) || code > 0xFFFF)
            throw new RegexParseException("invalid escape sequence");
        output.Append(System.Globalization.CultureInfo.InvariantCulture, $@"\u{code:x4}");
        return end;
    }

    private sealed class RegexParseException(string message) : Exception(message);
}
