using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Writes schemas of either version.</summary>
/// <param name="isV3">Version 3 says in <c>oneOf</c> and <c>allOf</c> what version 2 cannot, and has defaults.</param>
/// <param name="versions">The group versions of the document, in whose every one options and watch events are kinds.</param>
internal sealed class SchemaWriter(bool isV3, Descriptions descriptions, IReadOnlyList<GroupVersion> versions)
{
    private readonly string _prefix = isV3 ? "#/components/schemas/" : "#/definitions/";

    public bool IsV3 => isV3;

    public void WriteRef(Utf8JsonWriter writer, string definition)
    {
        writer.WriteStartObject();
        writer.WriteString("$ref"u8, _prefix + definition);
        writer.WriteEndObject();
    }

    /// <summary>Writes a definition; one without a type is a free object (a patch).</summary>
    public void WriteDefinition(Utf8JsonWriter writer, string name, SchemaType? type)
    {
        writer.WriteStartObject();
        WriteDescription(writer, type is { Kind: SchemaKind.Object } ? descriptions.Type(type) : descriptions.Definition(name));
        if (type is null)
            writer.WriteString("type"u8, "object"u8);
        else if (type.Kind != SchemaKind.Object)
            WriteScalarDefinition(writer, type.Kind);
        else if (type.JsonForms.IsAbsent)
            WriteStruct(writer, type);
        writer.WriteEndObject();
    }

    public static void WriteKind(Utf8JsonWriter writer, GroupVersionKind kind)
    {
        writer.WriteStartObject();
        writer.WriteString("group"u8, kind.Group);
        writer.WriteString("kind"u8, kind.Kind);
        writer.WriteString("version"u8, kind.Version);
        writer.WriteEndObject();
    }

    private static void WriteDescription(Utf8JsonWriter writer, string? description)
    {
        if (description is { Length: > 0 })
            writer.WriteString("description"u8, description);
    }

    private void WriteStruct(Utf8JsonWriter writer, SchemaType type)
    {
        writer.WriteString("type"u8, "object"u8);
        if (type.Fields.Any(field => field.IsRequired))
            WriteStrings(writer, "required"u8, type.Fields.Where(field => field.IsRequired).Select(field => field.Name));
        if (type.Fields.Count > 0 || type.IsKind)
        {
            writer.WriteStartObject("properties"u8);
            if (type.IsKind)
            {
                WriteTypeMeta(writer, "apiVersion");
                WriteTypeMeta(writer, "kind");
            }

            foreach (var field in type.Fields)
            {
                writer.WritePropertyName(field.Name);
                WriteProperty(writer, type, field);
            }

            writer.WriteEndObject();
        }

        WriteKinds(writer, type);
        if (type.IsAtomic)
            writer.WriteString("x-kubernetes-map-type"u8, "atomic"u8);
        if (type.IsUnion)
            WriteUnion(writer, type);
    }

    private void WriteKinds(Utf8JsonWriter writer, SchemaType type)
    {
        IEnumerable<GroupVersionKind> kinds = type.Name switch
        {
            ApiOperations.DeleteOptions => Everywhere("DeleteOptions"),
            ApiOperations.WatchEvent => Everywhere("WatchEvent"),
            _ => type.IsKind ? [type.GroupVersionKind] : [],
        };
        if (!kinds.Any())
            return;
        writer.WriteStartArray("x-kubernetes-group-version-kind"u8);
        foreach (var kind in kinds)
            WriteKind(writer, kind);
        writer.WriteEndArray();
    }

    // Every group version has them, and the core one in any case.
    private IEnumerable<GroupVersionKind> Everywhere(string kind) => versions.Append(new("", "v1")).Distinct()
        .OrderBy(version => version.Group, StringComparer.Ordinal).ThenBy(version => version.Version, StringComparer.Ordinal)
        .Select(version => new GroupVersionKind(version.Group, version.Version, kind));

    // The member that must be set says which of the others is.
    private static void WriteUnion(Utf8JsonWriter writer, SchemaType type)
    {
        writer.WriteStartArray("x-kubernetes-unions"u8);
        writer.WriteStartObject();
        if (type.Fields.FirstOrDefault(field => field.IsRequired) is { } discriminator)
            writer.WriteString("discriminator"u8, discriminator.Name);
        writer.WriteStartObject("fields-to-discriminateBy"u8);
        foreach (var field in type.Fields.Where(field => !field.IsRequired).OrderBy(field => field.Name, StringComparer.Ordinal))
            writer.WriteString(field.Name, OperationNames.Capital(field.Name));
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private void WriteProperty(Utf8JsonWriter writer, SchemaType owner, SchemaField field)
    {
        var description = descriptions.Field(owner, field);
        var value = isV3 ? DefaultOf(field) : null;
        writer.WriteStartObject();
        WriteDescription(writer, isV3 ? description : WithValues(description, field.Enum));
        WriteType(writer, field.Type, field.Enum, description is not null || value is not null || field.MapType.Length > 0 || field.PatchStrategy.Length > 0);
        WriteDefault(writer, value);
        WriteText(writer, "x-kubernetes-list-type"u8, field.ListType);
        if (field.ListMapKeys.Count > 0)
            WriteStrings(writer, "x-kubernetes-list-map-keys"u8, field.ListMapKeys);
        WriteText(writer, "x-kubernetes-map-type"u8, field.MapType);
        WriteText(writer, "x-kubernetes-patch-merge-key"u8, field.PatchMergeKey);
        WriteText(writer, "x-kubernetes-patch-strategy"u8, field.PatchStrategy);
        writer.WriteEndObject();
    }

    /// <summary>Clients of version 2 do not show choices, so what the text does not mention is added to it.</summary>
    private static string? WithValues(string? description, ApiList<string> values) =>
        description is null || values.All(value => description.Contains(value.Length == 0 ? "\"\"" : value, StringComparison.Ordinal)) ? description
        : $"{description} Values: {string.Join(", ", values.Select(value => value.Length == 0 ? "\"\"" : value).Order(StringComparer.Ordinal))}.";

    /// <summary>The default that the schema names, or what a field has that cannot be absent.</summary>
    private static string? DefaultOf(SchemaField field) =>
        !field.Default.IsAbsent ? System.Text.Encoding.UTF8.GetString(field.Default.Utf8)
        : field.IsNullable || (field.OmitsEmpty && field.Type.Kind != SchemaKind.Object) ? null
        : ZeroOf(field.Type);

    private static string? ZeroOf(SchemaType type) => type.Kind switch
    {
        SchemaKind.Object when type.JsonForms.IsAbsent => "{}",
        SchemaKind.String => "\"\"",
        SchemaKind.Boolean => "false",
        SchemaKind.Int32 or SchemaKind.Int64 or SchemaKind.Double => "0",
        _ => null,
    };

    private static void WriteDefault(Utf8JsonWriter writer, string? value)
    {
        if (value is null)
            return;
        writer.WritePropertyName("default"u8);
        writer.WriteRawValue(value, skipInputValidation: true);
    }

    /// <summary>Writes the members of a type into an open object.</summary>
    private void WriteType(Utf8JsonWriter writer, SchemaType type, ApiList<string> values, bool hasSiblings)
    {
        if (Definitions.NameOf(type) is { } definition)
        {
            // Beside a reference version 3 ignores everything else.
            if (!isV3 || !hasSiblings)
            {
                writer.WriteString("$ref"u8, _prefix + definition);
                return;
            }

            writer.WriteStartArray("allOf"u8);
            WriteRef(writer, definition);
            writer.WriteEndArray();
            return;
        }

        switch (type.Kind)
        {
            case SchemaKind.List:
                writer.WriteString("type"u8, "array"u8);
                WriteItem(writer, "items"u8, type.Item!, values);
                return;
            case SchemaKind.Map:
                writer.WriteString("type"u8, "object"u8);
                WriteItem(writer, "additionalProperties"u8, type.Item!, values);
                return;
            case SchemaKind.Boolean:
                writer.WriteString("type"u8, "boolean"u8);
                break;
            case SchemaKind.Int32:
                WriteTyped(writer, "integer", "int32");
                break;
            case SchemaKind.Int64:
                WriteTyped(writer, "integer", "int64");
                break;
            case SchemaKind.Double:
                WriteTyped(writer, "number", "double");
                break;
            case SchemaKind.Bytes:
                WriteTyped(writer, "string", "byte");
                break;
            default:
                writer.WriteString("type"u8, "string"u8);
                break;
        }

        if (!values.IsAbsent)
            WriteStrings(writer, "enum"u8, values.Order(StringComparer.Ordinal));
    }

    private void WriteItem(Utf8JsonWriter writer, ReadOnlySpan<byte> name, SchemaType item, ApiList<string> values)
    {
        var value = isV3 ? ZeroOf(item) : null;
        writer.WriteStartObject(name);
        WriteType(writer, item, values, hasSiblings: value is not null);
        WriteDefault(writer, value);
        writer.WriteEndObject();
    }

    private void WriteScalarDefinition(Utf8JsonWriter writer, SchemaKind kind)
    {
        switch (kind)
        {
            case SchemaKind.Time or SchemaKind.MicroTime:
                WriteTyped(writer, "string", "date-time");
                break;
            case SchemaKind.RawExtension or SchemaKind.FieldsV1:
                writer.WriteString("type"u8, "object"u8);
                break;
            case SchemaKind.Quantity when isV3:
                WriteOneOf(writer, "string", "number");
                break;
            case SchemaKind.IntOrString when isV3:
                writer.WriteString("format"u8, "int-or-string"u8);
                WriteOneOf(writer, "integer", "string");
                break;
            case SchemaKind.IntOrString:
                WriteTyped(writer, "string", "int-or-string");
                break;
            case SchemaKind.Json:
                break;
            default:
                writer.WriteString("type"u8, "string"u8);
                break;
        }
    }

    private static void WriteOneOf(Utf8JsonWriter writer, string first, string second)
    {
        writer.WriteStartArray("oneOf"u8);
        foreach (var type in (ReadOnlySpan<string>)[first, second])
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, type);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteTyped(Utf8JsonWriter writer, string type, string format)
    {
        writer.WriteString("type"u8, type);
        writer.WriteString("format"u8, format);
    }

    private void WriteTypeMeta(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject(name);
        WriteDescription(writer, descriptions.Shared(name));
        writer.WriteString("type"u8, "string"u8);
        writer.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string text)
    {
        if (text.Length > 0)
            writer.WriteString(name, text);
    }
}
