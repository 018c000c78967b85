namespace Coxswain.Client;

/// <summary>Which objects to list, and as of when.</summary>
public sealed record ListQuery
{
    /// <summary>Everything, as new as can be.</summary>
    public static ListQuery All { get; } = new();

    /// <summary>Empty: all namespaces (or a cluster-wide resource).</summary>
    public string Namespace { get; init; } = "";
    public string LabelSelector { get; init; } = "";
    public string FieldSelector { get; init; } = "";

    /// <summary>Empty: at least as new as every acknowledged write. "0": whatever the server has at hand. Otherwise not older than it.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>Empty, "Exact" or "NotOlderThan".</summary>
    public string ResourceVersionMatch { get; init; } = "";

    /// <summary>How many at most; null: all. The rest is had with <see cref="Continue"/>.</summary>
    public int? Limit { get; init; }
    public string Continue { get; init; } = "";
}

/// <summary>Which objects to follow, and from when.</summary>
public sealed record WatchQuery
{
    /// <summary>Empty: all namespaces (or a cluster-wide resource).</summary>
    public string Namespace { get; init; } = "";
    public string LabelSelector { get; init; } = "";
    public string FieldSelector { get; init; } = "";

    /// <summary>Changes after this one are delivered. Empty or "0": the present objects come first, as added.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>Whether the server may tell, by bookmarks, how far the watch has come.</summary>
    public bool AllowBookmarks { get; init; } = true;

    /// <summary>After this time the server ends the watch; null: when the server likes.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <param name="ResourceVersion">What the items are as of; a watch may start from it.</param>
/// <param name="Continue">Empty: these are all. Otherwise what the next <see cref="ListQuery.Continue"/> must be.</param>
public sealed record ResourceList<T>(IReadOnlyList<T> Items, string ResourceVersion, string Continue = "");
