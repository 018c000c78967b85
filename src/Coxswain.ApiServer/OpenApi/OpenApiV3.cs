using System.Collections.Frozen;
using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The API in OpenAPI version 3: an index and a document per group and version, as <c>/openapi/v3</c> serves them. Each is
/// made when first asked for and then kept.</summary>
/// <remarks>Immutable but for that, and thread safe. When resources come or go, a new instance takes its place.</remarks>
internal sealed class OpenApiV3
{
    private readonly FrozenDictionary<string, Lazy<OpenApiV3Document>> _documents;
    private readonly Lazy<byte[]> _index;

    /// <param name="version">The server's version, such as <c>v1.36.0</c>.</param>
    public OpenApiV3(IReadOnlyList<ResourceDescriptor> resources, string version)
    {
        _documents = resources.GroupBy(resource => resource.Kind.GroupVersion).ToFrozenDictionary(
            group => Path(group.Key),
            group => new Lazy<OpenApiV3Document>(() => new(OpenApiWriter.Write(writer => Write(writer, [.. group], version)))),
            StringComparer.Ordinal);
        _index = new(() => OpenApiWriter.Write(WriteIndex));
    }

    /// <summary>The paths of all documents, each with a hash of its content. Making it makes all documents.</summary>
    public ReadOnlyMemory<byte> Index => _index.Value;

    /// <summary>The document of a path (<c>api/v1</c>, <c>apis/apps/v1</c>), or null.</summary>
    public OpenApiV3Document? Find(string path) => _documents.TryGetValue(path, out var document) ? document.Value : null;

    public static string Path(GroupVersion version) => version.Group.Length == 0 ? $"api/{version.Version}" : $"apis/{version.ApiVersion}";

    private void WriteIndex(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("paths"u8);
        foreach (var (path, document) in _documents.OrderBy(document => document.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject(path);
            writer.WriteString("serverRelativeURL"u8, $"/openapi/v3/{path}?hash={document.Value.Hash}");
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ResourceDescriptor[] resources, string version)
    {
        var operations = resources.SelectMany(ApiOperations.Of).ToList();
        var schemas = new SchemaWriter(isV3: true);
        writer.WriteStartObject();
        writer.WriteString("openapi"u8, "3.0.0"u8);
        OpenApiWriter.WriteInfo(writer, version);
        writer.WriteStartObject("paths"u8);
        foreach (var path in operations.GroupBy(operation => operation.Path).OrderBy(path => path.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject(path.Key);
            foreach (var operation in path.DistinctBy(operation => operation.Method))
                OpenApiV3Operation.Write(writer, schemas, operation);
            OpenApiV3Operation.WritePathParameters(writer, path.First());
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("components"u8);
        writer.WriteStartObject("schemas"u8);
        foreach (var (name, type) in OpenApiWriter.Definitions(resources, operations))
        {
            writer.WritePropertyName(name);
            schemas.WriteDefinition(writer, type);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("securitySchemes"u8);
        writer.WriteStartObject("BearerToken"u8);
        writer.WriteString("type"u8, "apiKey"u8);
        writer.WriteString("description"u8, "Bearer Token authentication"u8);
        writer.WriteString("name"u8, "authorization"u8);
        writer.WriteString("in"u8, "header"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

/// <summary>One document of version 3.</summary>
internal sealed class OpenApiV3Document(byte[] json)
{
    public ReadOnlyMemory<byte> Json => json;

    /// <summary>What the index and the query parameter name.</summary>
    public string Hash { get; } = OpenApiWriter.Hash(json);

    public string ETag => $"\"{Hash}\"";
}
