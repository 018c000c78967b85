using System.Web;
using Coxswain.Cel;
using static Coxswain.ApiServer.Expressions.KubernetesLibrary;

namespace Coxswain.ApiServer.Expressions;

/// <summary><c>url("https://...")</c> and its parts. Only absolute URLs and absolute paths are URLs.</summary>
internal static class UrlLibrary
{
    private static readonly CelType Type = CelType.Opaque("kubernetes.URL");

    public static IEnumerable<CelOverload> Overloads =>
    [
        Global("url", Type, (_, a) => TryParse(a[0].AsString, out var url) ? CelValue.Of(url) : CelValue.Error($"URL parse error during conversion from string: {a[0].AsString}"), CelType.String),
        Global("isURL", CelType.Bool, (_, a) => CelValue.Of(TryParse(a[0].AsString, out var _)), CelType.String),
        Part("getScheme", url => url.Parsed?.Scheme ?? ""),
        Part("getHost", url => url.Parsed is { } parsed ? parsed.IsDefaultPort && !url.HasPort ? Bracketed(parsed) : $"{Bracketed(parsed)}:{parsed.Port}" : ""),
        Part("getHostname", url => url.Parsed is { } parsed ? parsed.Host.Trim('[', ']') : ""),
        Part("getPort", url => url.HasPort ? url.Parsed!.Port.ToString(System.Globalization.CultureInfo.InvariantCulture) : ""),
        Part("getEscapedPath", url => url.Path),
        Member("getQuery", CelType.Map(CelType.String, CelType.List(CelType.String)), (_, a) => Query(((Url)a[0].AsOpaque).Query), Type),
    ];

    private static CelOverload Part(string name, Func<Url, string> part) =>
        Member(name, CelType.String, (_, a) => CelValue.Of(part((Url)a[0].AsOpaque)), Type);

    private static string Bracketed(Uri url) => url.HostNameType == UriHostNameType.IPv6 && !url.Host.StartsWith('[') ? $"[{url.Host}]" : url.Host;

    private static CelValue Query(string query)
    {
        var parsed = HttpUtility.ParseQueryString(query);
        return CelValue.Of(CelMap.Of(parsed.AllKeys.OfType<string>().Select(key =>
            KeyValuePair.Create(key, CelValue.Of(CelList.Of(parsed.GetValues(key) ?? []))))));
    }

    private static bool TryParse(string text, out Url url)
    {
        url = null!;
        if (text.StartsWith('/'))
        {
            var mark = text.IndexOf('?', StringComparison.Ordinal);
            url = new Url(text, null, mark < 0 ? text : text[..mark], mark < 0 ? "" : text[mark..], HasPort: false);
            return !text.Contains(' ', StringComparison.Ordinal);
        }
        if (!Uri.TryCreate(text, UriKind.Absolute, out var parsed) || !text.Contains("://", StringComparison.Ordinal))
            return false;
        var authority = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var end = authority.AsSpan().IndexOfAny('/', '?', '#');
        if (end >= 0)
            authority = authority[..end];
        var hasPort = authority.LastIndexOf(':') > Math.Max(authority.LastIndexOf(']'), authority.LastIndexOf('@'));
        // The library adds a path where the text has none.
        url = new Url(text, parsed, end < 0 && parsed.AbsolutePath == "/" ? "" : parsed.AbsolutePath, parsed.Query, hasPort);
        return true;
    }

    private sealed record Url(string Text, Uri? Parsed, string Path, string Query, bool HasPort) : ICelOpaque
    {
        public CelType Type => UrlLibrary.Type;

        public override string ToString() => Text;
    }
}
