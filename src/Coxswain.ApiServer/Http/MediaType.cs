namespace Coxswain.ApiServer.Http;

/// <summary>One clause of an Accept or Content-Type header.</summary>
internal readonly record struct MediaType(string Type, string Subtype, double Quality, IReadOnlyList<KeyValuePair<string, string>> Parameters)
{
    public string? Parameter(string name)
    {
        foreach (var parameter in Parameters)
            if (string.Equals(parameter.Key, name, StringComparison.Ordinal))
                return parameter.Value;
        return null;
    }

    /// <summary>The clauses, best quality first; equal ones keep their order.</summary>
    public static IReadOnlyList<MediaType> ParseAccept(string header)
    {
        var clauses = new List<MediaType>(2);
        foreach (var clause in header.Split(','))
            if (TryParse(clause, out var parsed))
                clauses.Add(parsed);

        // Stable: List.Sort is not.
        return clauses.Count < 2 ? clauses : [.. clauses.OrderByDescending(c => c.Quality)];
    }

    public static bool TryParse(string clause, out MediaType parsed)
    {
        parsed = default;
        var segments = clause.Split(';');
        var name = segments[0].Trim();
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        string type, subtype;
        if (name == "*")
            (type, subtype) = ("*", "*");
        else if (slash > 0)
            (type, subtype) = (name[..slash].Trim(), name[(slash + 1)..].Trim());
        else
            return false;

        var quality = 1.0;
        List<KeyValuePair<string, string>>? parameters = null;
        for (var i = 1; i < segments.Length; i++)
        {
            var equals = segments[i].IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                continue;
            var key = segments[i][..equals].Trim();
            var value = segments[i][(equals + 1)..].Trim().Trim('"');
            if (key == "q")
                quality = double.TryParse(value, out var q) ? q : 1.0;
            else
                (parameters ??= []).Add(new(key, value));
        }

        parsed = new(type, subtype, quality, parameters ?? (IReadOnlyList<KeyValuePair<string, string>>)[]);
        return true;
    }
}
