using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The whole API in OpenAPI version 2: what <c>/openapi/v2</c> serves. Made when first asked for and then kept.</summary>
/// <remarks>Immutable but for that, and thread safe. When resources come or go, a new document takes its place.</remarks>
internal sealed class OpenApiV2Document
{
    /// <summary>The media types of the protobuf form; clients ask for either.</summary>
    public const string ProtobufMediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    public const string OlderProtobufMediaType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    private readonly Lazy<byte[]> _json;
    private readonly Lazy<byte[]> _protobuf;
    private readonly Lazy<string> _etag;

    /// <param name="version">The server's version, such as <c>v1.36.0</c>.</param>
    public OpenApiV2Document(IReadOnlyList<ResourceDescriptor> resources, string version)
    {
        _json = new(() => OpenApiWriter.Write(writer => Write(writer, resources, version)));
        _protobuf = new(() => OpenApiV2Protobuf.Encode(_json.Value));
        _etag = new(() => $"\"{OpenApiWriter.Hash(_json.Value)}\"");
    }

    public ReadOnlyMemory<byte> Json => _json.Value;

    public ReadOnlyMemory<byte> Protobuf => _protobuf.Value;

    /// <summary>Changes with the content; in quotes, as the header has it.</summary>
    public string ETag => _etag.Value;

    private static void Write(Utf8JsonWriter writer, IReadOnlyList<ResourceDescriptor> resources, string version)
    {
        var operations = resources.SelectMany(ApiOperations.Of).ToList();
        var schemas = new SchemaWriter(isV3: false);
        writer.WriteStartObject();
        writer.WriteString("swagger"u8, "2.0"u8);
        OpenApiWriter.WriteInfo(writer, version);
        writer.WriteStartObject("paths"u8);
        foreach (var path in operations.GroupBy(operation => operation.Path).OrderBy(path => path.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject(path.Key);
            foreach (var operation in path.DistinctBy(operation => operation.Method))
                WriteOperation(writer, schemas, operation);
            WritePathParameters(writer, path.First());
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("definitions"u8);
        foreach (var (name, type) in OpenApiWriter.Definitions(resources, operations))
        {
            writer.WritePropertyName(name);
            schemas.WriteDefinition(writer, type);
        }

        writer.WriteEndObject();
        WriteSecurity(writer);
        writer.WriteEndObject();
    }

    private static void WriteOperation(Utf8JsonWriter writer, SchemaWriter schemas, ApiOperation operation)
    {
        writer.WriteStartObject(operation.Method);
        writer.WriteString("description"u8, operation.Description);
        OpenApiWriter.WriteStrings(writer, "consumes", operation.IsPatch ? OpenApiWriter.PatchTypes : ["*/*"]);
        OpenApiWriter.WriteStrings(writer, "produces",
            operation.Answer is null ? ["*/*"] : operation.IsList ? [.. OpenApiWriter.MediaTypes, .. OpenApiWriter.StreamTypes] : OpenApiWriter.MediaTypes);
        OpenApiWriter.WriteStrings(writer, "schemes", ["https"]);
        OpenApiWriter.WriteStrings(writer, "tags", [operation.Tag]);
        writer.WriteString("operationId"u8, operation.Id);
        WriteParameters(writer, schemas, operation);
        WriteResponses(writer, schemas, operation);
        writer.WriteString("x-kubernetes-action"u8, operation.Action);
        writer.WritePropertyName("x-kubernetes-group-version-kind"u8);
        SchemaWriter.WriteKind(writer, operation.Kind);
        writer.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter writer, SchemaWriter schemas, ApiOperation operation)
    {
        writer.WriteStartArray("parameters"u8);
        if (operation.Body is { } body)
        {
            writer.WriteStartObject();
            writer.WriteString("in"u8, "body"u8);
            writer.WriteString("name"u8, "body"u8);
            writer.WriteBoolean("required"u8, operation.Action is not ("delete" or "deletecollection"));
            writer.WritePropertyName("schema"u8);
            schemas.WriteRef(writer, body);
            writer.WriteEndObject();
        }

        foreach (var parameter in operation.Query)
            WriteParameter(writer, "query", parameter, required: false);
        writer.WriteEndArray();
    }

    private static void WriteResponses(Utf8JsonWriter writer, SchemaWriter schemas, ApiOperation operation)
    {
        writer.WriteStartObject("responses"u8);
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteString("description"u8, OpenApiWriter.Words(code));
            writer.WritePropertyName("schema"u8);
            if (operation.Answer is { } answer)
            {
                schemas.WriteRef(writer, answer);
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, "string"u8);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteStartObject("401"u8);
        writer.WriteString("description"u8, OpenApiWriter.Words(401));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WritePathParameters(Utf8JsonWriter writer, ApiOperation operation)
    {
        writer.WriteStartArray("parameters"u8);
        if (operation.IsNamed)
            WriteParameter(writer, "path", new("name", "string", "The name of the object."), required: true);
        if (operation.IsNamespaced)
            WriteParameter(writer, "path", new("namespace", "string", "The namespace of the object."), required: true);
        WriteParameter(writer, "query", new("pretty", "string", "true: the answer is laid out for people."), required: false);
        writer.WriteEndArray();
    }

    private static void WriteParameter(Utf8JsonWriter writer, string place, ApiParameter parameter, bool required)
    {
        writer.WriteStartObject();
        writer.WriteString("in"u8, place);
        writer.WriteString("name"u8, parameter.Name);
        writer.WriteString("description"u8, parameter.Description);
        if (required)
            writer.WriteBoolean("required"u8, true);
        writer.WriteString("type"u8, parameter.Type);
        writer.WriteBoolean("uniqueItems"u8, true);
        writer.WriteEndObject();
    }

    private static void WriteSecurity(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("securityDefinitions"u8);
        writer.WriteStartObject("BearerToken"u8);
        writer.WriteString("description"u8, "Bearer Token authentication"u8);
        writer.WriteString("type"u8, "apiKey"u8);
        writer.WriteString("name"u8, "authorization"u8);
        writer.WriteString("in"u8, "header"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteStartArray("security"u8);
        writer.WriteStartObject();
        writer.WriteStartArray("BearerToken"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }
}
