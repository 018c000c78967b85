using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Writes schemas of either version, and gathers which definitions they refer to.</summary>
/// <param name="isV3">Version 3 says in <c>oneOf</c> and <c>allOf</c> what version 2 cannot.</param>
internal sealed class SchemaWriter(bool isV3)
{
    private readonly string _prefix = isV3 ? "#/components/schemas/" : "#/definitions/";

    /// <summary>The definitions referred to so far and all that they refer to: structs by their type, scalars by their kind.</summary>
    public static SortedDictionary<string, SchemaType?> Closure(IEnumerable<string> roots, IEnumerable<SchemaType> types)
    {
        var all = new SortedDictionary<string, SchemaType?>(StringComparer.Ordinal);
        foreach (var root in roots)
            all.TryAdd(root, null);
        var open = new Stack<SchemaType>(types);
        while (open.TryPop(out var type))
        {
            var scalar = ScalarDefinition(type.Kind);
            if (scalar is not null)
                all.TryAdd(scalar, type);
            else if (type.Item is { } item)
                open.Push(item);
            else if (type.Kind == SchemaKind.Object && (!all.TryGetValue(type.Name, out var known) || known is null))
            {
                all[type.Name] = type;
                foreach (var field in type.Fields)
                    open.Push(field.Type);
            }
        }

        return all;
    }

    public void WriteRef(Utf8JsonWriter writer, string definition)
    {
        writer.WriteStartObject();
        writer.WriteString("$ref"u8, _prefix + definition);
        writer.WriteEndObject();
    }

    /// <summary>Writes a definition; one without a type is a free object (a patch).</summary>
    public void WriteDefinition(Utf8JsonWriter writer, SchemaType? type)
    {
        writer.WriteStartObject();
        if (type is null)
            writer.WriteString("type"u8, "object"u8);
        else if (type.Kind != SchemaKind.Object)
            WriteScalarDefinition(writer, type.Kind);
        else if (type.JsonForms.IsAbsent)
            WriteStruct(writer, type);
        writer.WriteEndObject();
    }

    private void WriteStruct(Utf8JsonWriter writer, SchemaType type)
    {
        writer.WriteString("type"u8, "object"u8);
        if (type.Fields.Any(field => field.IsRequired))
        {
            writer.WriteStartArray("required"u8);
            foreach (var field in type.Fields.Where(field => field.IsRequired))
                writer.WriteStringValue(field.Name);
            writer.WriteEndArray();
        }

        if (type.Fields.Count > 0 || type.IsKind)
        {
            writer.WriteStartObject("properties"u8);
            if (type.IsKind)
            {
                WriteText(writer, "apiVersion", "The version of the API that the object is written in.");
                WriteText(writer, "kind", "What the object is.");
            }

            foreach (var field in type.Fields)
            {
                writer.WritePropertyName(field.Name);
                WriteProperty(writer, field);
            }

            writer.WriteEndObject();
        }

        if (type.IsKind)
        {
            writer.WriteStartArray("x-kubernetes-group-version-kind"u8);
            WriteKind(writer, type.GroupVersionKind);
            writer.WriteEndArray();
        }

        if (type.IsAtomic)
            writer.WriteString("x-kubernetes-map-type"u8, "atomic"u8);
    }

    public static void WriteKind(Utf8JsonWriter writer, GroupVersionKind kind)
    {
        writer.WriteStartObject();
        writer.WriteString("group"u8, kind.Group);
        writer.WriteString("kind"u8, kind.Kind);
        writer.WriteString("version"u8, kind.Version);
        writer.WriteEndObject();
    }

    private void WriteProperty(Utf8JsonWriter writer, SchemaField field)
    {
        writer.WriteStartObject();
        WriteType(writer, field.Type, hasSiblings: HasExtensions(field));
        if (!field.Enum.IsAbsent)
        {
            writer.WriteStartArray("enum"u8);
            foreach (var value in field.Enum)
                writer.WriteStringValue(value);
            writer.WriteEndArray();
        }

        if (!field.Default.IsAbsent)
        {
            writer.WritePropertyName("default"u8);
            writer.WriteRawValue(field.Default.Utf8, skipInputValidation: true);
        }

        WriteText(writer, "x-kubernetes-list-type"u8, field.ListType);
        if (field.ListMapKeys.Count > 0)
        {
            writer.WriteStartArray("x-kubernetes-list-map-keys"u8);
            foreach (var key in field.ListMapKeys)
                writer.WriteStringValue(key);
            writer.WriteEndArray();
        }

        WriteText(writer, "x-kubernetes-map-type"u8, field.MapType);
        WriteText(writer, "x-kubernetes-patch-merge-key"u8, field.PatchMergeKey);
        WriteText(writer, "x-kubernetes-patch-strategy"u8, field.PatchStrategy);
        writer.WriteEndObject();
    }

    private static bool HasExtensions(SchemaField field) => !field.Default.IsAbsent || field.MapType.Length > 0 || field.PatchStrategy.Length > 0;

    /// <summary>Writes the members of a type into an open object.</summary>
    private void WriteType(Utf8JsonWriter writer, SchemaType type, bool hasSiblings)
    {
        if ((type.Kind == SchemaKind.Object ? type.Name : ScalarDefinition(type.Kind)) is { } definition)
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
                writer.WriteStartObject("items"u8);
                WriteType(writer, type.Item!, hasSiblings: false);
                writer.WriteEndObject();
                break;
            case SchemaKind.Map:
                writer.WriteString("type"u8, "object"u8);
                writer.WriteStartObject("additionalProperties"u8);
                WriteType(writer, type.Item!, hasSiblings: false);
                writer.WriteEndObject();
                break;
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

    private static void WriteText(Utf8JsonWriter writer, string name, string description)
    {
        writer.WriteStartObject(name);
        writer.WriteString("description"u8, description);
        writer.WriteString("type"u8, "string"u8);
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string text)
    {
        if (text.Length > 0)
            writer.WriteString(name, text);
    }

    /// <summary>The name under which a scalar that is more than a JSON type is defined.</summary>
    private static string? ScalarDefinition(SchemaKind kind) => kind switch
    {
        SchemaKind.Time => "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
        SchemaKind.MicroTime => "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
        SchemaKind.Duration => "io.k8s.apimachinery.pkg.apis.meta.v1.Duration",
        SchemaKind.Quantity => "io.k8s.apimachinery.pkg.api.resource.Quantity",
        SchemaKind.IntOrString => "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        SchemaKind.RawExtension => "io.k8s.apimachinery.pkg.runtime.RawExtension",
        SchemaKind.FieldsV1 => "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        SchemaKind.Json => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
        _ => null,
    };
}
