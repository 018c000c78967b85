namespace Coxswain.ApiServer.OpenApi;

/// <summary>A path with its operations. Parameters that all of them have are written once, beside them.</summary>
internal sealed class ApiPath
{
    private ApiPath(string path, IReadOnlyList<ApiOperation> operations)
    {
        Path = path;
        Operations = operations;
        Common = [.. operations[0].Parameters.Where(p => operations.All(operation => operation.Parameters.Contains(p)))];
    }

    public string Path { get; }

    public IReadOnlyList<ApiOperation> Operations { get; }

    public IReadOnlyList<ApiParameter> Common { get; }

    /// <summary>The parameters that the operation has and another one has not.</summary>
    public IEnumerable<ApiParameter> OwnParameters(ApiOperation operation) => operation.Parameters.Where(p => !Common.Contains(p));

    /// <summary>All paths, sorted.</summary>
    public static IReadOnlyList<ApiPath> Of(IEnumerable<ApiOperation> operations) =>
    [
        .. operations.GroupBy(operation => operation.Path, StringComparer.Ordinal).OrderBy(path => path.Key, StringComparer.Ordinal)
            .Select(path => new ApiPath(path.Key, [.. path.DistinctBy(operation => operation.Method)])),
    ];
}
