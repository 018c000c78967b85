using System.Globalization;
using System.Net;
using System.Net.Mail;
using System.Text.RegularExpressions;
using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>The formats of texts that are checked. All others say nothing.</summary>
internal static partial class KnownFormats
{
    private static readonly Dictionary<string, Func<string, bool>> Checks = new(StringComparer.Ordinal)
    {
        ["bsonobjectid"] = text => text.Length == 24 && text.All(char.IsAsciiHexDigit),
        ["uri"] = text => Uri.TryCreate(text, UriKind.Absolute, out _) || (text.StartsWith('/') && Uri.TryCreate(text, UriKind.Relative, out _)),
        ["email"] = text => MailAddress.TryCreate(text, out _),
        ["hostname"] = text => text.Length <= 255 && HostName().IsMatch(text),
        ["ipv4"] = text => IPAddress.TryParse(text, out var address) && !text.Contains(':') && text.Count(c => c == '.') == 3 && address.GetAddressBytes().Length == 4,
        ["ipv6"] = text => IPAddress.TryParse(text, out _) && text.Contains(':'),
        ["cidr"] = IsCidr,
        ["mac"] = text => Mac().IsMatch(text),
        ["uuid"] = text => Uuid().IsMatch(text),
        ["uuid3"] = text => Uuid().IsMatch(text) && Version(text) == '3',
        ["uuid4"] = text => Uuid().IsMatch(text) && Version(text) == '4' && "89ab".Contains(char.ToLowerInvariant(Digits(text)[16])),
        ["uuid5"] = text => Uuid().IsMatch(text) && Version(text) == '5' && "89ab".Contains(char.ToLowerInvariant(Digits(text)[16])),
        ["isbn"] = text => IsIsbn10(text) || IsIsbn13(text),
        ["isbn10"] = IsIsbn10,
        ["isbn13"] = IsIsbn13,
        ["creditcard"] = IsCreditCard,
        ["ssn"] = text => SocialSecurity().IsMatch(text),
        ["hexcolor"] = text => HexColor().IsMatch(text),
        ["rgbcolor"] = text => RgbColor().IsMatch(text),
        ["byte"] = text => text.Length % 4 == 0 && Convert.TryFromBase64String(text, new byte[text.Length], out _),
        ["password"] = _ => true,
        ["date"] = text => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        ["duration"] = IsDuration,
        ["datetime"] = IsDateTime,
        ["date-time"] = IsDateTime,
        ["k8s-short-name"] = text => ValidationRules.Dns1123Label(text).Count == 0,
        ["k8s-long-name"] = text => ValidationRules.Dns1123Subdomain(text).Count == 0,
    };

    public static bool IsKnown(string format) => Checks.ContainsKey(format);

    public static bool Accepts(string format, string text) => !Checks.TryGetValue(format, out var check) || check(text);

    private static bool IsDateTime(string text) => DateTimeText().IsMatch(text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);

    private static bool IsDuration(string text)
    {
        try
        {
            GoDuration.Parse(text);
            return true;
        }
        catch (DecodeException)
        {
            return LongDuration().IsMatch(text);
        }
    }

    private static bool IsCidr(string text) => text.IndexOf('/') is > 0 and var slash
        && IPAddress.TryParse(text.AsSpan(0, slash), out var address)
        && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
        && bits <= address.GetAddressBytes().Length * 8;

    private static string Digits(string uuid) => uuid.Replace("-", "", StringComparison.Ordinal);

    private static char Version(string uuid) => Digits(uuid)[12];

    private static string Bare(string number) => number.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);

    private static bool IsIsbn10(string text)
    {
        var digits = Bare(text);
        if (digits.Length != 10 || !digits[..9].All(char.IsAsciiDigit) || !(char.IsAsciiDigit(digits[9]) || digits[9] == 'X'))
            return false;
        var sum = 0;
        for (var i = 0; i < 10; i++)
            sum += (i + 1) * (digits[i] == 'X' ? 10 : digits[i] - '0');
        return sum % 11 == 0;
    }

    private static bool IsIsbn13(string text)
    {
        var digits = Bare(text);
        if (digits.Length != 13 || !digits.All(char.IsAsciiDigit))
            return false;
        var sum = 0;
        for (var i = 0; i < 13; i++)
            sum += (i % 2 == 0 ? 1 : 3) * (digits[i] - '0');
        return sum % 10 == 0;
    }

    private static bool IsCreditCard(string text)
    {
        var digits = Bare(text);
        if (digits.Length is < 13 or > 19 || !digits.All(char.IsAsciiDigit))
            return false;
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            sum += i % 2 == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return sum % 10 == 0;
    }

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?\z")]
    private static partial Regex DateTimeText();

    [GeneratedRegex(@"^[0-9]+ *(ns|us|µs|ms|s|m|h|d|w|nano|micro|milli|sec|second|min|minute|hr|hour|day|week)s?\z")]
    private static partial Regex LongDuration();

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\.?\z")]
    private static partial Regex HostName();

    [GeneratedRegex(@"^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5,7}\z|^[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2,3}\z")]
    private static partial Regex Mac();

    [GeneratedRegex(@"^[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}\z")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}\z")]
    private static partial Regex SocialSecurity();

    [GeneratedRegex(@"^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})\z")]
    private static partial Regex HexColor();

    [GeneratedRegex(@"^rgb\(\s*(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\s*(,\s*(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\s*){2}\)\z")]
    private static partial Regex RgbColor();
}
