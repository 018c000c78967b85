using System.Text;

namespace Coxswain.ApiServer.Http;

/// <summary>A request's query, decoded once. Names keep all their values in order; a pair that cannot be decoded is left out.</summary>
public sealed class QueryParameters
{
    public static QueryParameters Empty { get; } = new([]);

    private readonly List<KeyValuePair<string, string>> _pairs;

    private QueryParameters(List<KeyValuePair<string, string>> pairs) => _pairs = pairs;

    /// <param name="query">With or without the leading question mark.</param>
    public static QueryParameters Parse(ReadOnlySpan<char> query)
    {
        if (query is ['?', ..])
            query = query[1..];
        if (query.IsEmpty)
            return Empty;

        var pairs = new List<KeyValuePair<string, string>>(4);
        foreach (var range in query.Split('&'))
        {
            var pair = query[range];
            // A semicolon in a query has two readings, so such pairs count for nothing, as in Go's parser.
            if (pair.IsEmpty || pair.Contains(';'))
                continue;
            var equals = pair.IndexOf('=');
            var name = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? [] : pair[(equals + 1)..];
            if (PercentDecoder.TryDecode(name, plusIsSpace: true, out var n) && PercentDecoder.TryDecode(value, plusIsSpace: true, out var v))
                pairs.Add(new(n, v));
        }

        return new(pairs);
    }

    public static QueryParameters Of(params ReadOnlySpan<(string Name, string Value)> pairs)
    {
        var list = new List<KeyValuePair<string, string>>(pairs.Length);
        foreach (var (name, value) in pairs)
            list.Add(new(name, value));
        return new(list);
    }

    public IReadOnlyList<KeyValuePair<string, string>> All => _pairs;

    public bool Has(string name) => Find(name) is not null;

    /// <summary>The first value, or null.</summary>
    public string? Find(string name)
    {
        foreach (var pair in _pairs)
            if (string.Equals(pair.Key, name, StringComparison.Ordinal))
                return pair.Value;
        return null;
    }

    /// <summary>The first value, or empty.</summary>
    public string this[string name] => Find(name) ?? "";

    public IReadOnlyList<string> Values(string name)
    {
        List<string>? values = null;
        foreach (var pair in _pairs)
            if (string.Equals(pair.Key, name, StringComparison.Ordinal))
                (values ??= []).Add(pair.Value);
        return values ?? (IReadOnlyList<string>)[];
    }

    /// <summary>Query booleans as Kubernetes reads them: absent, "false" and "0" are false, anything else is true.</summary>
    public bool Flag(string name) => Find(name) is { } value && !value.Equals("false", StringComparison.OrdinalIgnoreCase) && value != "0";

    /// <summary>The query in its wire form without the named parameters, for passing a request on.</summary>
    public string Without(string name)
    {
        var text = new StringBuilder();
        foreach (var pair in _pairs)
        {
            if (string.Equals(pair.Key, name, StringComparison.Ordinal))
                continue;
            text.Append(text.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(pair.Key)).Append('=').Append(Uri.EscapeDataString(pair.Value));
        }

        return text.ToString();
    }
}
