using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The body of a request as version 2 has it: one more parameter.</summary>
internal sealed record BodyParameter(string Definition, bool IsRequired);

/// <summary>The parameters that version 2 writes once because several operations have them, which makes the document a third
/// smaller.</summary>
internal sealed class SharedParameters
{
    private readonly Dictionary<ApiParameter, string> _names = [];
    private readonly Dictionary<BodyParameter, string> _bodies = [];

    public SharedParameters(IReadOnlyList<ApiPath> paths)
    {
        var parameters = paths.SelectMany(path => path.Common.Concat(path.Operations.SelectMany(path.OwnParameters)));
        foreach (var parameter in Several(parameters.Where(parameter => parameter.IsShared)))
            _names.Add(parameter, Name(parameter.Name, $"{parameter.In} {parameter.Type} {parameter.Description}"));
        // Bodies of a kind are that kind's own; options and patches are everybody's.
        var bodies = paths.SelectMany(path => path.Operations).Where(operation => operation.Body is not null)
            .Select(operation => new BodyParameter(operation.Body!, operation.IsBodyRequired));
        foreach (var body in Several(bodies.Where(body => body.Definition.StartsWith("io.k8s.apimachinery", StringComparison.Ordinal))))
            _bodies.Add(body, Name("body", $"{body.Definition} {body.IsRequired}"));
    }

    public IEnumerable<(string Name, ApiParameter Parameter)> Parameters =>
        _names.Select(parameter => (parameter.Value, parameter.Key)).OrderBy(parameter => parameter.Value, StringComparer.Ordinal);

    public IEnumerable<(string Name, BodyParameter Body)> Bodies =>
        _bodies.Select(body => (body.Value, body.Key)).OrderBy(body => body.Value, StringComparer.Ordinal);

    /// <summary>The name to refer to, or null: it stands where it is used.</summary>
    public string? NameOf(ApiParameter parameter) => _names.GetValueOrDefault(parameter);

    public string? NameOf(BodyParameter body) => _bodies.GetValueOrDefault(body);

    private static IEnumerable<T> Several<T>(IEnumerable<T> all) where T : notnull =>
        all.GroupBy(one => one).Where(same => same.Skip(1).Any()).Select(same => same.Key);

    private static string Name(string name, string content) =>
        $"{name}-{Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(content)).AsSpan(0, 6))}";
}
