namespace Coxswain.ApiServer.Http;

/// <summary>The grammar of API paths:
/// <c>/api/VERSION/...</c>, <c>/apis/GROUP/VERSION/...</c>, then <c>[namespaces/NS/]RESOURCE[/NAME[/SUBRESOURCE[/REST]]]</c>.</summary>
internal static class RequestInfoParser
{
    public static RequestInfo Parse(string method, string path, QueryParameters query)
    {
        var parts = path.Trim('/').Split('/');
        var plain = new RequestInfo { Path = path, Verb = method.ToLowerInvariant() };
        if (parts.Length < 3 || parts[0] is not ("api" or "apis"))
            return plain;

        var at = 1;
        var group = "";
        if (parts[0] == "apis")
        {
            if (parts.Length < 4)
                return plain;
            group = parts[at++];
        }

        var version = parts[at++];
        var verb = VerbOf(method);
        var special = parts[at] is "watch" or "proxy";
        if (special)
        {
            if (parts.Length == at + 1)
                return plain;
            verb = parts[at++];
        }

        var @namespace = "";
        if (parts[at] == "namespaces" && parts.Length > at + 1)
        {
            @namespace = parts[at + 1];
            // A namespace's own subresources stay with it; anything else after its name is a resource within it.
            if (parts.Length > at + 2 && parts[at + 2] is not ("status" or "finalize"))
                at += 2;
        }

        var count = parts.Length - at;
        var name = count >= 2 ? parts[at + 1] : "";
        var info = new RequestInfo
        {
            IsResourceRequest = true,
            Path = path,
            Verb = verb,
            ApiGroup = group,
            ApiVersion = version,
            Namespace = @namespace,
            Resource = parts[at],
            Name = name,
            NameInPath = name.Length > 0,
            Subresource = count >= 3 && verb != "proxy" ? parts[at + 2] : "",
            Rest = count > 3 ? RestOf(path, parts, at + 3) : count == 3 && path.EndsWith('/') ? "/" : "",
            PartCount = count,
            WatchPrefix = special && verb == "watch",
            MethodMismatch = special && verb == "watch" && method != "GET",
        };

        if (name.Length == 0 && verb == "get")
            info = info with { Verb = query.Flag("watch") ? "watch" : "list" };
        if (name.Length == 0 && info.Verb is "list" or "watch" or "delete")
        {
            if (info.Verb is "list" or "watch" && query.Find("fieldSelector") is { } selector)
                info = info with { Name = NameOf(selector) };
            if (info.Verb == "delete")
                info = info with { Verb = "deletecollection" };
        }

        return info;
    }

    private static string VerbOf(string method) => method switch
    {
        "POST" => "create",
        "GET" or "HEAD" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    };

    private static string RestOf(string path, string[] parts, int from)
    {
        var rest = "/" + string.Join('/', parts, from, parts.Length - from);
        return path.EndsWith('/') && !rest.EndsWith('/') ? rest + "/" : rest;
    }

    /// <summary>A list that can only ever hold one name counts as being about that name, so that RBAC's resourceNames can allow it.</summary>
    private static string NameOf(string selector)
    {
        foreach (var range in selector.AsSpan().Split(','))
        {
            var term = selector.AsSpan(range);
            if (!term.StartsWith("metadata.name=", StringComparison.Ordinal))
                continue;
            var value = term["metadata.name=".Length..];
            if (value is ['=', ..])
                value = value[1..];
            return value.ContainsAny('/', '%', '\\') || value is "." or ".." ? "" : value.ToString();
        }

        return "";
    }
}
