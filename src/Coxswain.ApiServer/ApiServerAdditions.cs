using Coxswain.Storage;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer;

/// <summary>What the process around an API server adds to it.</summary>
public sealed record ApiServerAdditions
{
    /// <summary>Paths of the process, which the server knows nothing of but who may use them.</summary>
    public IReadOnlyList<AdminPath> Paths { get; init; } = [];

    /// <summary>How the store is, for metrics; null: nothing is known of it.</summary>
    public Func<CancellationToken, Task<StoreReport>>? Inspect { get; init; }

    /// <summary>How often to ask. Zero: never.</summary>
    public TimeSpan InspectInterval { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>A path below <see cref="Root"/>, for members of system:masters only.</summary>
/// <param name="Method">One HTTP method.</param>
/// <param name="Path">The whole path.</param>
/// <param name="HandleAsync">Writes the answer. May throw <see cref="Api.ApiException"/> before it begins to. Has no deadline: its token
/// ends with the connection or the server.</param>
public sealed record AdminPath(string Method, string Path, Func<HttpContext, CancellationToken, Task> HandleAsync)
{
    public const string Root = "/coxswain/v1/";
}
