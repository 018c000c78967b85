using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Coxswain.Api.Validation;

public static partial class ValidationRules
{
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> UnderscoreLabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly SearchValues<char> HeaderCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>A name that may stand in a path: neither a dot nor two, without slash or percent sign.</summary>
    public static IReadOnlyList<string> PathSegmentName(string value)
    {
        if (value is "." or "..")
            return [$"may not be '{value}'"];

        var messages = default(Messages);
        if (value.Contains('/', StringComparison.Ordinal))
            messages.Add("may not contain '/'");
        if (value.Contains('%', StringComparison.Ordinal))
            messages.Add("may not contain '%'");
        return messages.List;
    }

    public static IReadOnlyList<string> PortNumber(long port) => InRange(port, 1, 65535);

    public static IReadOnlyList<string> InRange(long value, long min, long max) =>
        value >= min && value <= max ? None : [$"must be between {min} and {max}, inclusive"];

    public static IReadOnlyList<string> UserId(long id) => InRange(id, 0, int.MaxValue);

    public static IReadOnlyList<string> GroupId(long id) => InRange(id, 0, int.MaxValue);

    public static IReadOnlyList<string> NonNegative(long value) => value >= 0 ? None : ["must be greater than or equal to 0"];

    /// <summary>The name of a port (RFC 6335, lower case).</summary>
    public static IReadOnlyList<string> PortName(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > 15)
            messages.Add(MaxLength(15));
        if (value.Length == 0 || value.AsSpan().ContainsAnyExcept(LabelCharacters))
            messages.Add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        if (!value.AsSpan().ContainsAnyInRange('a', 'z'))
            messages.Add("must contain at least one letter (a-z)");
        if (value.Contains("--", StringComparison.Ordinal))
            messages.Add("must not contain consecutive hyphens");
        if (value.StartsWith('-') || value.EndsWith('-'))
            messages.Add("must not begin or end with a hyphen");
        return messages.List;
    }

    public static IReadOnlyList<string> CIdentifier(string value)
    {
        var valid = value.Length > 0 && (char.IsAsciiLetter(value[0]) || value[0] == '_')
            && value.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        return valid ? None :
        [
            Regex("a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
                "[A-Za-z_][A-Za-z0-9_]*", "my_name", "MY_NAME", "MyName"),
        ];
    }

    /// <summary>The name of an environment variable: printable ASCII without the equals sign.</summary>
    public static IReadOnlyList<string> EnvironmentVariableName(string value)
    {
        if (value.Length == 0)
            return ["environment variable name " + Empty];
        return value.All(c => c is >= ' ' and <= '~' and not '=')
            ? None
            : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
    }

    /// <summary>A key of a ConfigMap or Secret.</summary>
    public static IReadOnlyList<string> ConfigMapKey(string value)
    {
        var messages = default(Messages);
        if (ByteLength(value) > Dns1123SubdomainMaxLength)
            messages.Add(MaxLength(Dns1123SubdomainMaxLength));
        if (value.Length == 0 || value.AsSpan().ContainsAnyExcept(NameCharacters))
            messages.Add(Regex("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+", "key.name", "KEY_NAME", "key-name"));
        if (value == ".")
            messages.Add("must not be '.'");
        else if (value == "..")
            messages.Add("must not be '..'");
        else if (value.StartsWith("..", StringComparison.Ordinal))
            messages.Add("must not start with '..'");
        return messages.List;
    }

    public static IReadOnlyList<string> HttpHeaderName(string value) =>
        value.Length > 0 && !value.AsSpan().ContainsAnyExcept(HeaderCharacters)
            ? None
            : [Regex("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")];

    public static IReadOnlyList<string> Percent(string value) =>
        value.Length > 1 && value[^1] == '%' && value.AsSpan(0, value.Length - 1).IndexOfAnyExceptInRange('0', '9') < 0
            ? None
            : [Regex("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")];

    public static IReadOnlyList<string> IPAddressText(string value) =>
        TryParseIPAddress(value, out _) ? None : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];

    public static IReadOnlyList<string> IPv4AddressText(string value) =>
        TryParseIPAddress(value, out var address) && IsIPv4(address) ? None : ["must be a valid IPv4 address"];

    public static IReadOnlyList<string> IPv6AddressText(string value) =>
        TryParseIPAddress(value, out var address) && !IsIPv4(address) ? None : ["must be a valid IPv6 address"];

    public static IReadOnlyList<string> Cidr(string value) =>
        TryParseCidr(value, out _, out _) ? None : ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];

    /// <summary>Four decimal numbers, or an IPv6 address without brackets or zone. Nothing else that the platform's parser takes.</summary>
    public static bool TryParseIPAddress(string value, out IPAddress address)
    {
        address = IPAddress.None;
        if (value.Contains(':', StringComparison.Ordinal))
        {
            if (value.AsSpan().ContainsAny("[]%/") || !IPAddress.TryParse(value, out var six))
                return false;
            address = six;
            return true;
        }

        Span<byte> bytes = stackalloc byte[4];
        var parts = 0;
        foreach (var range in value.AsSpan().Split('.'))
        {
            var part = value.AsSpan(range);
            if (parts == 4 || part.Length is 0 or > 3 || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[parts]))
                return false;
            parts++;
        }

        if (parts != 4)
            return false;
        address = new IPAddress(bytes);
        return true;
    }

    public static bool TryParseCidr(string value, out IPAddress address, out int prefixLength)
    {
        address = IPAddress.None;
        prefixLength = 0;
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && TryParseIPAddress(value[..slash], out address)
            && int.TryParse(value.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefixLength)
            && prefixLength <= (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
    }

    private static bool IsIPv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;
}
