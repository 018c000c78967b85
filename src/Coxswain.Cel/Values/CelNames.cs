using System.Text;

namespace Coxswain.Cel;

/// <summary>Field names that are no identifiers, as Kubernetes escapes them in expressions: <c>a-b</c> is <c>a__dash__b</c>.</summary>
public static class CelNames
{
    private static readonly HashSet<string> Reserved =
    [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
        "package", "namespace", "return", "var", "void", "while",
    ];

    private static readonly (char Character, string Escape)[] Escapes = [('.', "__dot__"), ('-', "__dash__"), ('/', "__slash__")];

    /// <summary>The name in expressions. Null: it has none, and the field cannot be reached.</summary>
    public static string? Escape(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            return null;
        if (Reserved.Contains(name))
            return $"__{name}__";
        var escaped = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (c == '_' && i + 1 < name.Length && name[i + 1] == '_')
            {
                escaped.Append("__underscores__");
                i++;
            }
            else if (char.IsAsciiLetterOrDigit(c) || c == '_')
                escaped.Append(c);
            else if (Array.Find(Escapes, escape => escape.Character == c) is { Escape: { } text })
                escaped.Append(text);
            else
                return null;
        }
        return escaped.ToString();
    }

    /// <summary>The field that is meant by a name in an expression.</summary>
    public static string Unescape(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!name.Contains("__", StringComparison.Ordinal))
            return name;
        if (name.Length > 4 && name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal)
            && Reserved.Contains(name[2..^2]))
            return name[2..^2];
        return name.Replace("__underscores__", "__", StringComparison.Ordinal).Replace("__dot__", ".", StringComparison.Ordinal)
            .Replace("__dash__", "-", StringComparison.Ordinal).Replace("__slash__", "/", StringComparison.Ordinal);
    }

    // Only declared fields are escaped; the keys of maps are values and stay as they are.
    internal static string Escape(string name, CelType type) => type.Kind == CelTypeKind.Object ? Escape(name) ?? name : name;

    internal static string Unescape(string name, CelType type) => type.Kind == CelTypeKind.Object ? Unescape(name) : name;
}
