using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>One method of one path.</summary>
internal sealed record ApiOperation
{
    public required string Path { get; init; }

    /// <summary>The HTTP method in lower case.</summary>
    public required string Method { get; init; }

    public required string Id { get; init; }

    public required string Tag { get; init; }

    public required string Description { get; init; }

    /// <summary>What it does in the words of <c>x-kubernetes-action</c>; null where no object is concerned (discovery).</summary>
    public string? Action { get; init; }

    /// <summary>The kind it works on.</summary>
    public GroupVersionKind? Kind { get; init; }

    /// <summary>What stands in the path and in the query, sorted by name.</summary>
    public IReadOnlyList<ApiParameter> Parameters { get; init; } = [];

    /// <summary>The definition of the body, or null.</summary>
    public string? Body { get; init; }

    /// <summary>The definition of the answer; null for one that is text, or whatever the other end of a connection sends.</summary>
    public string? Answer { get; init; }

    /// <summary>The codes of success.</summary>
    public IReadOnlyList<int> Codes { get; init; } = [200];

    public IReadOnlyList<string> Consumes { get; init; } = MediaTypes.Any;

    public IReadOnlyList<string> Produces { get; init; } = MediaTypes.Objects;

    /// <summary>Options of a deletion may be left out, every other body may not.</summary>
    public bool IsBodyRequired => Action is not ("delete" or "deletecollection");
}
