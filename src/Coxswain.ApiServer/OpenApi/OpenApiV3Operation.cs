using System.Globalization;
using System.Text.Json;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Writes operations in version 3.</summary>
internal static class OpenApiV3Operation
{
    public static void Write(Utf8JsonWriter writer, SchemaWriter schemas, ApiOperation operation)
    {
        writer.WriteStartObject(operation.Method);
        OpenApiWriter.WriteStrings(writer, "tags", [operation.Tag]);
        writer.WriteString("description"u8, operation.Description);
        writer.WriteString("operationId"u8, operation.Id);
        if (operation.Query.Count > 0)
        {
            writer.WriteStartArray("parameters"u8);
            foreach (var parameter in operation.Query)
                WriteParameter(writer, "query", parameter, required: false);
            writer.WriteEndArray();
        }

        if (operation.Body is { } body)
        {
            writer.WriteStartObject("requestBody"u8);
            WriteContent(writer, schemas, body, operation.IsPatch ? OpenApiWriter.PatchTypes : ["*/*"]);
            if (operation.Action is not ("delete" or "deletecollection"))
                writer.WriteBoolean("required"u8, true);
            writer.WriteEndObject();
        }

        WriteResponses(writer, schemas, operation);
        writer.WriteString("x-kubernetes-action"u8, operation.Action);
        writer.WritePropertyName("x-kubernetes-group-version-kind"u8);
        SchemaWriter.WriteKind(writer, operation.Kind);
        writer.WriteEndObject();
    }

    public static void WritePathParameters(Utf8JsonWriter writer, ApiOperation operation)
    {
        writer.WriteStartArray("parameters"u8);
        if (operation.IsNamed)
            WriteParameter(writer, "path", new("name", "string", "The name of the object."), required: true);
        if (operation.IsNamespaced)
            WriteParameter(writer, "path", new("namespace", "string", "The namespace of the object."), required: true);
        WriteParameter(writer, "query", new("pretty", "string", "true: the answer is laid out for people."), required: false);
        writer.WriteEndArray();
    }

    private static void WriteResponses(Utf8JsonWriter writer, SchemaWriter schemas, ApiOperation operation)
    {
        writer.WriteStartObject("responses"u8);
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("description"u8, OpenApiWriter.Words(code));
            WriteContent(writer, schemas, operation.Answer,
                operation.Answer is null ? ["*/*"] : operation.IsList ? [.. OpenApiWriter.MediaTypes, .. OpenApiWriter.StreamTypes] : OpenApiWriter.MediaTypes);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("401"u8);
        writer.WriteString("description"u8, OpenApiWriter.Words(401));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter writer, SchemaWriter schemas, string? definition, string[] mediaTypes)
    {
        writer.WriteStartObject("content"u8);
        foreach (var mediaType in mediaTypes)
        {
            writer.WriteStartObject(mediaType);
            writer.WritePropertyName("schema"u8);
            if (definition is not null)
            {
                schemas.WriteRef(writer, definition);
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, "string"u8);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteParameter(Utf8JsonWriter writer, string place, ApiParameter parameter, bool required)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, parameter.Name);
        writer.WriteString("in"u8, place);
        writer.WriteString("description"u8, parameter.Description);
        if (required)
            writer.WriteBoolean("required"u8, true);
        writer.WriteStartObject("schema"u8);
        writer.WriteString("type"u8, parameter.Type);
        writer.WriteBoolean("uniqueItems"u8, true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
