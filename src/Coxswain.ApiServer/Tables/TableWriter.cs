using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Tables;

/// <summary>What of the object a table's row holds beside the cells.</summary>
internal enum IncludeObject
{
    /// <summary>The metadata, as a PartialObjectMetadata. What clients get who say nothing.</summary>
    Metadata,
    Object,
    None,
}

/// <summary>Writes tables as JSON. The objects' own JSON is copied, not written anew.</summary>
internal static class TableWriter
{
    /// <summary>Reads the <c>includeObject</c> parameter; false for what is none.</summary>
    public static bool TryParse(string? text, out IncludeObject include)
    {
        include = text switch { "None" => IncludeObject.None, "Object" => IncludeObject.Object, _ => IncludeObject.Metadata };
        return text is null or "" or "None" or "Object" or "Metadata";
    }

    /// <summary>A whole table: the answer to a list, a get (of one object), or one event of a watch.</summary>
    /// <param name="rows">Objects, each with its final JSON.</param>
    /// <param name="version">The version of meta.k8s.io that the client asked for: <c>v1</c> or <c>v1beta1</c>.</param>
    /// <param name="withDefinitions">False in a watch after the first event.</param>
    /// <param name="hidden">Annotations that rows with metadata do not show.</param>
    public static void Write(
        Utf8JsonWriter writer, TableColumns columns, IEnumerable<(IMetadataObject Object, ReadOnlyMemory<byte> Json)> rows, ListMeta metadata,
        IncludeObject include, DateTimeOffset now, string version = "v1", bool withDefinitions = true, ApiList<string> hidden = default)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "Table"u8);
        writer.WriteString("apiVersion"u8, "meta.k8s.io/" + version);
        WriteMetadata(writer, metadata);
        WriteDefinitions(writer, withDefinitions ? columns.Definitions : null);
        writer.WriteStartArray("rows"u8);
        foreach (var (value, json) in rows)
            WriteRow(writer, columns, value, json, include, now, version, hidden);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, ListMeta metadata)
    {
        writer.WriteStartObject("metadata"u8);
        if (metadata.ResourceVersion.Length > 0)
            writer.WriteString("resourceVersion"u8, metadata.ResourceVersion);
        if (metadata.Continue.Length > 0)
            writer.WriteString("continue"u8, metadata.Continue);
        if (metadata.RemainingItemCount is { } remaining)
            writer.WriteNumber("remainingItemCount"u8, remaining);
        writer.WriteEndObject();
    }

    private static void WriteDefinitions(Utf8JsonWriter writer, ApiList<TableColumnDefinition>? definitions)
    {
        if (definitions is null)
        {
            writer.WriteNull("columnDefinitions"u8);
            return;
        }

        writer.WriteStartArray("columnDefinitions"u8);
        foreach (var definition in definitions.Value)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, definition.Name);
            writer.WriteString("type"u8, definition.Type);
            writer.WriteString("format"u8, definition.Format);
            writer.WriteString("description"u8, definition.Description);
            writer.WriteNumber("priority"u8, definition.Priority);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteRow(
        Utf8JsonWriter writer, TableColumns columns, IMetadataObject value, ReadOnlyMemory<byte> json, IncludeObject include, DateTimeOffset now, string version,
        ApiList<string> hidden)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        foreach (var cell in columns.Cells(value, now))
            cell.WriteTo(writer);
        writer.WriteEndArray();

        var conditions = columns.Conditions(value);
        if (conditions.Count > 0)
        {
            writer.WriteStartArray("conditions"u8);
            foreach (var condition in conditions)
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, condition.Type);
                writer.WriteString("status"u8, condition.Status);
                writer.WriteString("reason"u8, condition.Reason);
                writer.WriteString("message"u8, condition.Message);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WritePropertyName("object"u8);
        switch (include)
        {
            case IncludeObject.None:
                writer.WriteNullValue();
                break;
            case IncludeObject.Object:
                writer.WriteRawValue(json.Span, skipInputValidation: true);
                break;
            default:
                writer.WriteStartObject();
                writer.WriteString("kind"u8, "PartialObjectMetadata"u8);
                writer.WriteString("apiVersion"u8, "meta.k8s.io/" + version);
                writer.WritePropertyName("metadata"u8);
                writer.WriteRawValue(ObjectMetadata.Of(value.Metadata, json, hidden).Span, skipInputValidation: true);
                writer.WriteEndObject();
                break;
        }

        writer.WriteEndObject();
    }
}
