using System.Globalization;
using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Writes parts of the API in OpenAPI version 3: what <c>/openapi/v3/PATH</c> serves, a document for each group version and for
/// each path of discovery.</summary>
internal static class OpenApiV3
{
    /// <summary>The documents of the server's own paths, and of the groups.</summary>
    public static IEnumerable<(string Path, PackedDocument Document)> Discovery(IEnumerable<string> groups, string version) =>
        DiscoveryOperations.OfServer.Concat(groups.Where(group => group.Length > 0).Select(group => ("apis/" + group, DiscoveryOperations.OfGroup(group))))
            .Select(one => (one.Item1, Document([], [one.Item2], version)));

    /// <summary>The document of one group version.</summary>
    public static PackedDocument Document(IReadOnlyList<OpenApiResource> resources, string version) =>
        Document(resources, resources[0].IsCustom ? [] : [DiscoveryOperations.OfVersion(resources[0].Descriptor.Kind.GroupVersion)], version);

    public static string Path(GroupVersion version) => ApiOperations.Root(version)[1..];

    public static void WriteInfo(Utf8JsonWriter writer, string version)
    {
        writer.WriteStartObject("info"u8);
        writer.WriteString("title"u8, "Kubernetes"u8);
        writer.WriteString("version"u8, version);
        writer.WriteEndObject();
    }

    public static void WriteDefinitions(Utf8JsonWriter writer, SchemaWriter schemas, SortedDictionary<string, object?> definitions)
    {
        foreach (var (name, definition) in definitions)
        {
            writer.WritePropertyName(name);
            if (definition is CustomDefinition custom)
                custom.Write(writer, schemas);
            else
                schemas.WriteDefinition(writer, name, (SchemaType?)definition);
        }
    }

    public static void WriteAnswer(Utf8JsonWriter writer, SchemaWriter schemas, string? definition)
    {
        if (definition is not null)
        {
            schemas.WriteRef(writer, definition);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "string"u8);
        writer.WriteEndObject();
    }

    public static void WriteUnauthorized(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("401"u8);
        writer.WriteString("description"u8, Words(401));
        writer.WriteEndObject();
    }

    /// <summary>What the operation does to which kind.</summary>
    public static void WriteMeaning(Utf8JsonWriter writer, ApiOperation operation)
    {
        if (operation.Action is not null)
            writer.WriteString("x-kubernetes-action"u8, operation.Action);
        if (operation.Kind is not { } kind)
            return;
        writer.WritePropertyName("x-kubernetes-group-version-kind"u8);
        SchemaWriter.WriteKind(writer, kind);
    }

    public static void WriteBearerToken(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("BearerToken"u8);
        writer.WriteString("description"u8, "Bearer Token authentication"u8);
        writer.WriteString("in"u8, "header"u8);
        writer.WriteString("name"u8, "authorization"u8);
        writer.WriteString("type"u8, "apiKey"u8);
        writer.WriteEndObject();
    }

    public static void WriteStrings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    /// <summary>What code the answer is, in one word or two.</summary>
    public static string Words(int code) => code switch { 200 => "OK", 201 => "Created", 202 => "Accepted", _ => "Unauthorized" };

    private static PackedDocument Document(IReadOnlyList<OpenApiResource> resources, IReadOnlyList<ApiOperation> others, string version) =>
        new(writer => Write(writer, resources, others, version), OpenApiV3Protobuf.Encode);

    private static void Write(Utf8JsonWriter writer, IReadOnlyList<OpenApiResource> resources, IReadOnlyList<ApiOperation> others, string version)
    {
        var descriptions = Descriptions.Load();
        var made = new ApiOperations(descriptions);
        var operations = others.Concat(resources.SelectMany(made.Of)).ToList();
        var schemas = new SchemaWriter(isV3: true, descriptions, [.. resources.Where(resource => !resource.IsCustom).Select(resource => resource.Descriptor.Kind.GroupVersion).Distinct()]);
        writer.WriteStartObject();
        writer.WriteString("openapi"u8, "3.0.0"u8);
        WriteInfo(writer, version);
        writer.WriteStartObject("paths"u8);
        foreach (var path in ApiPath.Of(operations))
        {
            writer.WriteStartObject(path.Path);
            foreach (var operation in path.Operations)
                WriteOperation(writer, schemas, path, operation);
            WriteParameters(writer, path.Common);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("components"u8);
        if (Definitions.Of(resources, operations) is { Count: > 0 } definitions)
        {
            writer.WriteStartObject("schemas"u8);
            WriteDefinitions(writer, schemas, definitions);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("securitySchemes"u8);
        WriteBearerToken(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteOperation(Utf8JsonWriter writer, SchemaWriter schemas, ApiPath path, ApiOperation operation)
    {
        writer.WriteStartObject(operation.Method);
        WriteStrings(writer, "tags", [operation.Tag]);
        writer.WriteString("description"u8, operation.Description);
        writer.WriteString("operationId"u8, operation.Id);
        WriteParameters(writer, path.OwnParameters(operation));
        if (operation.Body is { } body)
        {
            writer.WriteStartObject("requestBody"u8);
            WriteContent(writer, schemas, body, operation.Consumes);
            if (operation.IsBodyRequired)
                writer.WriteBoolean("required"u8, true);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("responses"u8);
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("description"u8, Words(code));
            WriteContent(writer, schemas, operation.Answer, operation.Produces);
            writer.WriteEndObject();
        }

        WriteUnauthorized(writer);
        writer.WriteEndObject();
        WriteMeaning(writer, operation);
        writer.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter writer, SchemaWriter schemas, string? definition, IReadOnlyList<string> mediaTypes)
    {
        writer.WriteStartObject("content"u8);
        foreach (var mediaType in mediaTypes)
        {
            writer.WriteStartObject(mediaType);
            writer.WritePropertyName("schema"u8);
            WriteAnswer(writer, schemas, definition);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter writer, IEnumerable<ApiParameter> parameters)
    {
        var all = parameters.ToList();
        if (all.Count == 0)
            return;
        writer.WriteStartArray("parameters"u8);
        foreach (var parameter in all)
        {
            writer.WriteStartObject();
            writer.WriteString("description"u8, parameter.Description);
            writer.WriteString("in"u8, parameter.In);
            writer.WriteString("name"u8, parameter.Name);
            if (parameter.IsRequired)
                writer.WriteBoolean("required"u8, true);
            writer.WriteStartObject("schema"u8);
            writer.WriteString("type"u8, parameter.Type);
            writer.WriteBoolean("uniqueItems"u8, true);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
