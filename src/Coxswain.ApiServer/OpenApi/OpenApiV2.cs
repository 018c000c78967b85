using System.Globalization;
using System.Text.Json;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Writes the whole API in OpenAPI version 2: what <c>/openapi/v2</c> serves.</summary>
internal sealed class OpenApiV2
{
    private readonly IReadOnlyList<ApiPath> _paths;
    private readonly SortedDictionary<string, object?> _definitions;
    private readonly SchemaWriter _schemas;
    private readonly SharedParameters _shared;
    private readonly string _version;

    private OpenApiV2(IReadOnlyList<OpenApiResource> resources, string version)
    {
        var descriptions = Descriptions.Load();
        var made = new ApiOperations(descriptions);
        // Of custom resources only their own paths are documented, as upstream does.
        var versions = resources.Where(resource => !resource.IsCustom).Select(resource => resource.Descriptor.Kind.GroupVersion).Distinct().ToList();
        var operations = DiscoveryOperations.OfServer.Select(document => document.Operation)
            .Concat(versions.Select(v => v.Group).Where(group => group.Length > 0).Distinct().Select(DiscoveryOperations.OfGroup))
            .Concat(versions.Select(DiscoveryOperations.OfVersion))
            .Concat(resources.SelectMany(made.Of)).ToList();
        _paths = ApiPath.Of(operations);
        _definitions = Definitions.Of(resources, operations);
        _schemas = new(isV3: false, descriptions, versions);
        _shared = new(_paths);
        _version = version;
    }

    /// <param name="version">The server's version, such as <c>v1.36.0</c>.</param>
    public static PackedDocument Document(IReadOnlyList<OpenApiResource> resources, string version) =>
        new(writer => new OpenApiV2(resources, version).Write(writer), OpenApiV2Protobuf.Encode);

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("swagger"u8, "2.0"u8);
        OpenApiV3.WriteInfo(writer, _version);
        writer.WriteStartObject("paths"u8);
        foreach (var path in _paths)
        {
            writer.WriteStartObject(path.Path);
            foreach (var operation in path.Operations)
                WriteOperation(writer, path, operation);
            if (path.Common.Count > 0)
                WriteParameters(writer, path.Common, body: null);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("definitions"u8);
        OpenApiV3.WriteDefinitions(writer, _schemas, _definitions);
        writer.WriteEndObject();
        writer.WriteStartObject("parameters"u8);
        foreach (var (name, parameter) in _shared.Parameters)
        {
            writer.WritePropertyName(name);
            WriteParameter(writer, parameter);
        }

        foreach (var (name, body) in _shared.Bodies)
        {
            writer.WritePropertyName(name);
            WriteBody(writer, body);
        }

        writer.WriteEndObject();
        WriteSecurity(writer);
        writer.WriteEndObject();
    }

    private void WriteOperation(Utf8JsonWriter writer, ApiPath path, ApiOperation operation)
    {
        writer.WriteStartObject(operation.Method);
        writer.WriteString("description"u8, operation.Description);
        OpenApiV3.WriteStrings(writer, "consumes", operation.Consumes);
        OpenApiV3.WriteStrings(writer, "produces", operation.Produces);
        OpenApiV3.WriteStrings(writer, "schemes", ["https"]);
        OpenApiV3.WriteStrings(writer, "tags", [operation.Tag]);
        writer.WriteString("operationId"u8, operation.Id);
        WriteParameters(writer, path.OwnParameters(operation), operation.Body is { } body ? new(body, operation.IsBodyRequired) : null);
        WriteResponses(writer, operation);
        OpenApiV3.WriteMeaning(writer, operation);
        writer.WriteEndObject();
    }

    private void WriteParameters(Utf8JsonWriter writer, IEnumerable<ApiParameter> parameters, BodyParameter? body)
    {
        var all = parameters.ToList();
        if (all.Count == 0 && body is null)
            return;
        writer.WriteStartArray("parameters"u8);
        if (body is not null)
        {
            if (_shared.NameOf(body) is { } name)
                WriteSharedRef(writer, name);
            else
                WriteBody(writer, body);
        }

        foreach (var parameter in all)
        {
            if (_shared.NameOf(parameter) is { } name)
                WriteSharedRef(writer, name);
            else
                WriteParameter(writer, parameter);
        }

        writer.WriteEndArray();
    }

    private static void WriteSharedRef(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteString("$ref"u8, "#/parameters/" + name);
        writer.WriteEndObject();
    }

    private void WriteBody(Utf8JsonWriter writer, BodyParameter body)
    {
        writer.WriteStartObject();
        writer.WriteString("in"u8, "body"u8);
        writer.WriteString("name"u8, "body"u8);
        if (body.IsRequired)
            writer.WriteBoolean("required"u8, true);
        writer.WritePropertyName("schema"u8);
        _schemas.WriteRef(writer, body.Definition);
        writer.WriteEndObject();
    }

    private static void WriteParameter(Utf8JsonWriter writer, ApiParameter parameter)
    {
        writer.WriteStartObject();
        writer.WriteString("description"u8, parameter.Description);
        writer.WriteString("in"u8, parameter.In);
        writer.WriteString("name"u8, parameter.Name);
        if (parameter.IsRequired)
            writer.WriteBoolean("required"u8, true);
        writer.WriteString("type"u8, parameter.Type);
        writer.WriteBoolean("uniqueItems"u8, true);
        writer.WriteEndObject();
    }

    private void WriteResponses(Utf8JsonWriter writer, ApiOperation operation)
    {
        writer.WriteStartObject("responses"u8);
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("description"u8, OpenApiV3.Words(code));
            writer.WritePropertyName("schema"u8);
            OpenApiV3.WriteAnswer(writer, _schemas, operation.Answer);
            writer.WriteEndObject();
        }

        OpenApiV3.WriteUnauthorized(writer);
        writer.WriteEndObject();
    }

    private static void WriteSecurity(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("securityDefinitions"u8);
        OpenApiV3.WriteBearerToken(writer);
        writer.WriteEndObject();
        writer.WriteStartArray("security"u8);
        writer.WriteStartObject();
        writer.WriteStartArray("BearerToken"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }
}
