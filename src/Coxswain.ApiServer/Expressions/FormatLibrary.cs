using System.Globalization;
using Coxswain.Api.Validation;
using Coxswain.Cel;
using static Coxswain.ApiServer.Expressions.KubernetesLibrary;

namespace Coxswain.ApiServer.Expressions;

/// <summary><c>format.dns1123Label().validate(text)</c>: the forms of names and values that the API itself demands.</summary>
internal static class FormatLibrary
{
    private static readonly CelType Type = CelType.Opaque("kubernetes.NamedFormat");

    private static readonly Dictionary<string, FormatValue> Formats = new FormatValue[]
    {
        new("dns1123Label", ValidationRules.Dns1123Label),
        new("dns1123Subdomain", ValidationRules.Dns1123Subdomain),
        new("dns1035Label", ValidationRules.Dns1035Label),
        new("qualifiedName", ValidationRules.QualifiedName),
        // A prefix may end where a name may not.
        new("dns1123LabelPrefix", text => ValidationRules.Dns1123Label(Whole(text))),
        new("dns1123SubdomainPrefix", text => ValidationRules.Dns1123Subdomain(Whole(text))),
        new("dns1035LabelPrefix", text => ValidationRules.Dns1035Label(Whole(text))),
        new("labelValue", ValidationRules.LabelValue),
        new("uri", text => Uri.TryCreate(text, UriKind.Absolute, out var _) || (text.StartsWith('/') && Uri.TryCreate(text, UriKind.Relative, out _)) ? [] : [$"must be a valid URI: {text}"]),
        new("uuid", text => Guid.TryParse(text, out var _) ? [] : ["does not match the UUID format"]),
        new("byte", text => Convert.TryFromBase64String(text, new byte[text.Length], out var _) ? [] : ["invalid base64"]),
        new("date", text => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var _) ? [] : ["invalid date"]),
        new("datetime", text => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var _) ? [] : ["invalid datetime"]),
    }.ToDictionary(format => format.Name, StringComparer.Ordinal);

    public static IEnumerable<CelOverload> Overloads =>
    [
        .. Formats.Values.Select(format => Global($"format.{format.Name}", Type, (_, _) => CelValue.Of(format))),
        Global("format.named", CelType.Optional(Type),
            (_, a) => Formats.TryGetValue(a[0].AsString, out var format) ? CelValue.Some(CelValue.Of(format)) : CelValue.None, CelType.String),
        Member("validate", CelType.Optional(CelType.List(CelType.String)), Validate, Type, CelType.String),
    ];

    private static string Whole(string prefix) => prefix.Length > 1 && prefix[^1] == '-' ? prefix[..^1] + 'a' : prefix;

    private static CelValue Validate(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        frame.Charge(1 + (a[1].AsString.Length / 10));
        var errors = ((FormatValue)a[0].AsOpaque).Check(a[1].AsString);
        return errors.Count == 0 ? CelValue.None : CelValue.Some(CelValue.Of(CelList.Of(errors)));
    }

    private sealed record FormatValue(string Name, Func<string, IReadOnlyList<string>> Check) : ICelOpaque
    {
        public CelType Type => FormatLibrary.Type;

        public override string ToString() => $"format.{Name}()";
    }
}
