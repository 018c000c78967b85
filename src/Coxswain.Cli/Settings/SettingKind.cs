using System.Globalization;
using System.Net;
using Coxswain.Api;

namespace Coxswain.Cli.Settings;

/// <summary>How values of one form are read and written. A value comes as the texts of all its occurrences, as flags may be repeated.</summary>
/// <param name="ValueName">What help shows in the value's place.</param>
/// <param name="Read">Throws FormatException; its message says what the text should be.</param>
internal sealed record SettingKind<T>(string ValueName, Func<IReadOnlyList<string>, T> Read, Func<T, string> Write);

/// <summary>The forms that settings have; those of Go's flags where upstream has them.</summary>
internal static class SettingKinds
{
    public static SettingKind<string> Text { get; } = new("TEXT", Last, t => t);

    /// <summary>Made absolute: the process that reads the file runs in another folder.</summary>
    public static SettingKind<string> FilePath { get; } = new("FILE", v => Last(v) is { Length: > 0 } path ? Path.GetFullPath(path) : "", t => t);

    public static SettingKind<IReadOnlyList<string>> Files { get; } =
        new("FILE,...", v => [.. Split(v).Select(Path.GetFullPath)], l => string.Join(',', l));

    public static SettingKind<bool> Bool { get; } = new("", v => Last(v) switch
    {
        "true" or "True" or "TRUE" or "t" or "T" or "1" => true,
        "false" or "False" or "FALSE" or "f" or "F" or "0" => false,
        _ => throw new FormatException("is neither true nor false"),
    }, b => b ? "true" : "false");

    /// <summary>A switch whose name says no: <c>--no-node</c>.</summary>
    public static SettingKind<bool> Not { get; } = new("", v => !Bool.Read(v), b => Bool.Write(!b));

    public static SettingKind<int> Number { get; } = new("NUMBER", v => int.TryParse(Last(v), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new FormatException("is not a whole number"), n => n.ToString(CultureInfo.InvariantCulture));

    public static SettingKind<int> Port { get; } = new("PORT", v => int.TryParse(Last(v), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 65535
        ? number
        : throw new FormatException("is not a port between 0 and 65535"), Number.Write);

    /// <summary>Go's durations: 1h30m, 90s, 500ms.</summary>
    public static SettingKind<TimeSpan> Duration { get; } = new("DURATION", v =>
    {
        try
        {
            return GoDuration.Parse(Last(v));
        }
        catch (DecodeException)
        {
            throw new FormatException("is not a duration such as 1h30m, 90s or 500ms");
        }
    }, GoDuration.Format);

    /// <summary>Whole seconds, as upstream has it for some times.</summary>
    public static SettingKind<TimeSpan> Seconds { get; } =
        new("SECONDS", v => TimeSpan.FromSeconds(Number.Read(v)), t => t.TotalSeconds.ToString(CultureInfo.InvariantCulture));

    public static SettingKind<IPAddress> Address { get; } = new("ADDRESS", v => IPAddress.TryParse(Last(v), out var address)
        ? address
        : throw new FormatException("is not an IP address"), a => a.ToString());

    public static SettingKind<IPAddress?> OptionalAddress { get; } =
        new("ADDRESS", v => Last(v).Length == 0 ? null : Address.Read(v), a => a?.ToString() ?? "");

    public static SettingKind<string?> OptionalText { get; } = new("TEXT", v => Last(v) is { Length: > 0 } text ? text : null, t => t ?? "");

    public static SettingKind<string> Network { get; } = new("CIDR", v => NetworkText(Last(v)), t => t);

    public static SettingKind<string?> OptionalNetwork { get; } =
        new("CIDR", v => Last(v) is { Length: > 0 } text ? NetworkText(text) : null, t => t ?? "");

    /// <summary>Commas within one occurrence, and several occurrences one after the other.</summary>
    /// <summary>Addresses of servers: scheme, host and port.</summary>
    public static SettingKind<IReadOnlyList<Uri>> Endpoints { get; } = new("URL,...", v =>
        [.. Split(v).Select(text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", AbsolutePath: "/" }
            ? uri
            : throw new FormatException("is not a list of addresses such as https://10.0.0.1:2379"))],
        l => string.Join(',', l.Select(uri => uri.GetLeftPart(UriPartial.Authority))));

    public static SettingKind<IReadOnlyList<string>> List { get; } = new("NAME,...", v => [.. Split(v)], l => string.Join(',', l));

    /// <summary>key=value pairs; a key alone is true. The last one of a key counts.</summary>
    public static SettingKind<IReadOnlyDictionary<string, string>> Map { get; } = new("KEY=VALUE,...", v =>
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in Split(v))
        {
            var at = entry.IndexOf('=', StringComparison.Ordinal);
            map[at < 0 ? entry : entry[..at].TrimEnd()] = at < 0 ? "true" : entry[(at + 1)..].TrimStart();
        }

        return map;
    }, m => string.Join(',', m.Select(e => $"{e.Key}={e.Value}")));

    private static string Last(IReadOnlyList<string> values) => values[^1];

    private static IEnumerable<string> Split(IReadOnlyList<string> values) =>
        values.SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static string NetworkText(string text) =>
        IPNetwork.TryParse(text, out _) ? text : throw new FormatException("is not a range of addresses such as 10.96.0.0/16");
}
