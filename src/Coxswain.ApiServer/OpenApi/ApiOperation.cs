using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>One method of one path.</summary>
internal sealed record ApiOperation
{
    public required string Path { get; init; }

    /// <summary>The HTTP method in lower case.</summary>
    public required string Method { get; init; }

    /// <summary>What it does in the words of <c>x-kubernetes-action</c>.</summary>
    public required string Action { get; init; }

    public required string Id { get; init; }

    public required string Tag { get; init; }

    public required string Description { get; init; }

    /// <summary>The kind it works on.</summary>
    public required GroupVersionKind Kind { get; init; }

    public IReadOnlyList<ApiParameter> Query { get; init; } = [];

    /// <summary>The definition of the body, or null.</summary>
    public string? Body { get; init; }

    /// <summary>The definition of the answer; null for a connection, which answers with whatever it likes.</summary>
    public string? Answer { get; init; }

    /// <summary>The codes of success.</summary>
    public IReadOnlyList<int> Codes { get; init; } = [200];

    public bool IsNamespaced => Path.Contains("{namespace}", StringComparison.Ordinal);

    public bool IsNamed => Path.Contains("{name}", StringComparison.Ordinal);

    public bool IsPatch => Action == "patch";

    public bool IsList => Action is "list";
}

/// <summary>A parameter in the query.</summary>
/// <param name="Type"><c>string</c>, <c>integer</c> or <c>boolean</c>.</param>
internal sealed record ApiParameter(string Name, string Type, string Description);
