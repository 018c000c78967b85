using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Http;

namespace Coxswain.ApiServer.Verbs;

internal enum VersionMatch
{
    /// <summary>Not said.</summary>
    None,
    NotOlderThan,
    Exact,
}

/// <summary>ListOptions: what the query of a list, watch or deletecollection says.</summary>
internal sealed record ListQueryOptions
{
    public string LabelSelector { get; init; } = "";
    public string FieldSelector { get; init; } = "";

    /// <summary>Null: not given. 0: whatever is at hand.</summary>
    public long? ResourceVersion { get; init; }
    public VersionMatch Match { get; init; }
    public long Limit { get; init; }
    public string Continue { get; init; } = "";
    public long? TimeoutSeconds { get; init; }
    public bool AllowBookmarks { get; init; }
    public bool? SendInitialEvents { get; init; }

    public static ListQueryOptions All { get; } = new();

    /// <exception cref="ApiException">400: a number is none. 422: options that exclude each other.</exception>
    public static ListQueryOptions Parse(QueryParameters query, bool watch)
    {
        if (query.All.Count == 0)
            return All;

        var text = query["resourceVersion"];
        var match = query["resourceVersionMatch"];
        var options = new ListQueryOptions
        {
            LabelSelector = query["labelSelector"],
            FieldSelector = query["fieldSelector"],
            Limit = Number(query, "limit") ?? 0,
            TimeoutSeconds = Number(query, "timeoutSeconds"),
            Continue = query["continue"],
            AllowBookmarks = query.Flag("allowWatchBookmarks"),
            SendInitialEvents = query.Has("sendInitialEvents") ? query.Flag("sendInitialEvents") : null,
        };
        Check(options, text, match, watch);
        return options with
        {
            ResourceVersion = text.Length == 0 ? null : ResourceVersionText.Parse(text),
            Match = match switch { "Exact" => VersionMatch.Exact, "NotOlderThan" => VersionMatch.NotOlderThan, _ => VersionMatch.None },
        };
    }

    internal static long? Number(QueryParameters query, string name)
    {
        if (query.Find(name) is not { } text)
            return null;
        if (text.Length == 0)
            return 0;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        var why = text.AsSpan().TrimStart('-').IndexOfAnyExceptInRange('0', '9') < 0 && text.Length > 1 ? "value out of range" : "invalid syntax";
        throw new ApiException(Statuses.BadRequest($"strconv.ParseInt: parsing {GoText.Quote(text)}: {why}"));
    }

    private static void Check(ListQueryOptions options, string version, string match, bool watch)
    {
        var errors = new FieldErrors();
        if (watch)
            CheckWatch(options, match, errors);
        else
            CheckList(options, version, match, errors);
        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(new("meta.k8s.io", "v1", "ListOptions"), "", errors));
    }

    private static void CheckWatch(ListQueryOptions options, string match, FieldErrors errors)
    {
        if (options.SendInitialEvents is null)
        {
            if (match.Length > 0)
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch");
            return;
        }

        if (match != "NotOlderThan")
            errors.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        if (match.Length > 0 && match != "NotOlderThan")
            errors.NotSupported("resourceVersionMatch", match, "NotOlderThan");
        if (match.Length > 0 && options.Continue.Length > 0)
            errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    }

    private static void CheckList(ListQueryOptions options, string version, string match, FieldErrors errors)
    {
        if (match.Length > 0)
        {
            if (version.Length == 0)
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
            if (options.Continue.Length > 0)
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
            if (match is not ("Exact" or "NotOlderThan"))
                errors.NotSupported("resourceVersionMatch", match, "Exact", "NotOlderThan", "");
            if (match == "Exact" && version == "0")
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }

        if (options.SendInitialEvents is not null)
            errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
}
