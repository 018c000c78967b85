using System.Text;

namespace Coxswain.Api.Validation;

/// <summary>The forms of names and values that many kinds share. Each rule gives the messages of what is wrong, in upstream's words
/// and order; an empty list (always the same one, nothing is allocated) means valid. Pure and thread safe.</summary>
public static partial class ValidationRules
{
    public const int Dns1123LabelMaxLength = 63;
    public const int Dns1123SubdomainMaxLength = 253;
    public const int LabelValueMaxLength = 63;
    public const int QualifiedNameMaxLength = 63;

    internal const string QualifiedNameFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private const string Dns1123LabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string Dns1123SubdomainFormat = Dns1123LabelFormat + "(\\." + Dns1123LabelFormat + ")*";
    private const string QualifiedNameMessage =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

    private static readonly IReadOnlyList<string> None = [];

    /// <summary>A DNS label (RFC 1123), lower case.</summary>
    public static IReadOnlyList<string> Dns1123Label(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > Dns1123LabelMaxLength)
            messages.Add(MaxLength(Dns1123LabelMaxLength));
        if (!IsDns1123Label(value))
            messages.Add(Regex(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                Dns1123LabelFormat, "my-name", "123-abc"));
        return messages.List;
    }

    /// <summary>DNS labels joined by dots (RFC 1123), lower case.</summary>
    public static IReadOnlyList<string> Dns1123Subdomain(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > Dns1123SubdomainMaxLength)
            messages.Add(MaxLength(Dns1123SubdomainMaxLength));
        if (!IsDns1123Subdomain(value))
            messages.Add(Regex(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
                Dns1123SubdomainFormat, "example.com"));
        return messages.List;
    }

    /// <summary>As <see cref="Dns1123Subdomain"/>, with underscores (search domains).</summary>
    public static IReadOnlyList<string> Dns1123SubdomainWithUnderscore(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > Dns1123SubdomainMaxLength)
            messages.Add(MaxLength(Dns1123SubdomainMaxLength));
        if (!IsSubdomainWithUnderscore(value))
            messages.Add(Regex(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
                Dns1123SubdomainFormat, "example.com"));
        return messages.List;
    }

    /// <summary>A DNS label that begins with a letter (RFC 1035).</summary>
    public static IReadOnlyList<string> Dns1035Label(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > Dns1123LabelMaxLength)
            messages.Add(MaxLength(Dns1123LabelMaxLength));
        if (!IsDns1123Label(value) || !char.IsAsciiLetterLower(value[0]))
            messages.Add(Regex(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
                "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"));
        return messages.List;
    }

    /// <summary>A subdomain whose first label is an asterisk.</summary>
    public static IReadOnlyList<string> WildcardDns1123Subdomain(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > Dns1123SubdomainMaxLength)
            messages.Add(MaxLength(Dns1123SubdomainMaxLength));
        if (!value.StartsWith("*.", StringComparison.Ordinal) || !IsDns1123Subdomain(value.AsSpan(2)))
            messages.Add(Regex(
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                "\\*\\." + Dns1123SubdomainFormat, "*.example.com"));
        return messages.List;
    }

    /// <summary>A label key: a name with an optional DNS subdomain and a slash before it.</summary>
    public static IReadOnlyList<string> QualifiedName(string value)
    {
        var messages = default(Messages);
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && value.IndexOf('/', slash + 1) >= 0)
        {
            messages.Add("a valid label key " + Regex(QualifiedNameMessage, QualifiedNameFormat, "MyName", "my.name", "123-abc")
                + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
            return messages.List;
        }

        if (slash == 0)
        {
            messages.Add("prefix part " + Empty);
        }
        else if (slash > 0)
        {
            foreach (var message in Dns1123Subdomain(value[..slash]))
                messages.Add("prefix part " + message);
        }

        var name = slash < 0 ? value : value[(slash + 1)..];
        if (name.Length == 0)
            messages.Add("name part " + Empty);
        else if (ByteLength(name) > QualifiedNameMaxLength)
            messages.Add("name part " + MaxLength(QualifiedNameMaxLength));
        if (!IsNamePart(name))
            messages.Add("name part " + Regex(QualifiedNameMessage, QualifiedNameFormat, "MyName", "my.name", "123-abc"));
        return messages.List;
    }

    /// <summary>A label's value: empty, or in the form of a name.</summary>
    public static IReadOnlyList<string> LabelValue(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > LabelValueMaxLength)
            messages.Add(MaxLength(LabelValueMaxLength));
        if (value.Length > 0 && !IsNamePart(value))
            messages.Add(Regex(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                "(" + QualifiedNameFormat + ")?", "MyValue", "my_value", "12345"));
        return messages.List;
    }

    internal static string MaxLength(int length) => $"must be no more than {length} characters";

    internal static string Empty => "must be non-empty";

    /// <summary>What a value must look like, with examples and the regular expression.</summary>
    public static string Regex(string message, string format, params ReadOnlySpan<string> examples)
    {
        var builder = new StringBuilder(message).Append(" (");
        if (!examples.IsEmpty)
            builder.Append("e.g. ");
        for (var i = 0; i < examples.Length; i++)
            builder.Append(i > 0 ? " or " : "").Append('\'').Append(examples[i]).Append("', ");
        return builder.Append("regex used for validation is '").Append(format).Append("')").ToString();
    }

    // Lengths are of bytes upstream; a character outside ASCII fails the form anyhow, but counts in the message before it.
    private static int ByteLength(string value) => value.Length > 15 ? Encoding.UTF8.GetByteCount(value) : value.Length;

    private static bool IsDns1123Label(ReadOnlySpan<char> value) =>
        !value.IsEmpty && IsLowerAlphanumeric(value[0]) && IsLowerAlphanumeric(value[^1]) && !value.ContainsAnyExcept(LabelCharacters);

    private static bool IsDns1123Subdomain(ReadOnlySpan<char> value)
    {
        foreach (var label in value.Split('.'))
        {
            if (!IsDns1123Label(value[label]))
                return false;
        }

        return !value.IsEmpty;
    }

    private static bool IsSubdomainWithUnderscore(ReadOnlySpan<char> value)
    {
        foreach (var range in value.Split('.'))
        {
            var label = value[range];
            if (!label.IsEmpty && label[0] == '_')
                label = label[1..];
            if (label.IsEmpty || !IsLowerAlphanumeric(label[0]) || !IsLowerAlphanumeric(label[^1]) || label.ContainsAnyExcept(UnderscoreLabelCharacters))
                return false;
        }

        return true;
    }

    private static bool IsNamePart(ReadOnlySpan<char> value) =>
        !value.IsEmpty && char.IsAsciiLetterOrDigit(value[0]) && char.IsAsciiLetterOrDigit(value[^1]) && !value.ContainsAnyExcept(NameCharacters);

    private static bool IsLowerAlphanumeric(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);

    /// <summary>A list that is made only when there is something to say.</summary>
    private struct Messages
    {
        private List<string>? _list;

        public readonly IReadOnlyList<string> List => _list ?? None;

        public void Add(string message) => (_list ??= []).Add(message);
    }
}
