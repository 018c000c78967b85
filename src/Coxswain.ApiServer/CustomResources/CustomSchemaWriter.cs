using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.CustomResources;
using Coxswain.ApiServer.OpenApi;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Writes the schemas of custom kinds into OpenAPI documents: whole in version 3, without what version 2 cannot say there.</summary>
internal static class CustomSchemaWriter
{
    private const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    public static void WriteKind(Utf8JsonWriter writer, SchemaWriter schemas, CustomObjectCodec codec)
    {
        var schema = codec.Structure?.Source ?? JSONSchemaProps.Empty with { Type = "object", XPreserveUnknownFields = true };
        writer.WriteStartObject();
        // Older clients prune by version 2, so what keeps everything has no structure there.
        var isOpaque = !schemas.IsV3 && schema.XPreserveUnknownFields == true;
        WriteWords(writer, schemas, schema);
        if (!isOpaque)
        {
            WriteRequired(writer, schema);
            writer.WriteStartObject("properties"u8);
            WriteTypeMeta(writer);
            WriteMetadata(writer, schemas, ObjectMeta);
            foreach (var (name, property) in CommonRules.Sorted(schema.Properties))
            {
                if (name is "apiVersion" or "kind" or "metadata")
                    continue;
                writer.WritePropertyName(name);
                Write(writer, schemas, property);
            }

            writer.WriteEndObject();
        }

        if (schema.Type.Length == 0)
            writer.WriteString("type"u8, "object"u8);
        WriteGroupVersionKind(writer, codec.Kind);
        writer.WriteEndObject();
    }

    public static void WriteTypeMeta(Utf8JsonWriter writer)
    {
        WriteText(writer, "apiVersion", "The version of the API that the object is written in.");
        WriteText(writer, "kind", "What the object is.");
    }

    public static void WriteMetadata(Utf8JsonWriter writer, SchemaWriter schemas, string definition)
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("description"u8, "What all objects have: names, labels, owners.");
        if (schemas.IsV3)
        {
            writer.WriteStartArray("allOf"u8);
            schemas.WriteRef(writer, definition);
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("$ref"u8, "#/definitions/" + definition);
        }

        writer.WriteEndObject();
    }

    public static void WriteGroupVersionKind(Utf8JsonWriter writer, GroupVersionKind kind)
    {
        writer.WriteStartArray("x-kubernetes-group-version-kind"u8);
        SchemaWriter.WriteKind(writer, kind);
        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, SchemaWriter schemas, JSONSchemaProps schema)
    {
        writer.WriteStartObject();
        WriteWords(writer, schemas, schema);
        // Version 2 has no "nullable": without a type everything fits.
        var isLoose = !schemas.IsV3 && (schema.Nullable || schema.XPreserveUnknownFields == true);
        if (!isLoose)
        {
            WriteRequired(writer, schema);
            if (schema.Properties.Count > 0 || schema.XEmbeddedResource)
                WriteProperties(writer, schemas, schema);
            if (schema.Items?.Schema is { } items)
            {
                writer.WritePropertyName("items"u8);
                Write(writer, schemas, items);
            }

            if (schema.AdditionalProperties is { } additional)
            {
                writer.WritePropertyName("additionalProperties"u8);
                if (additional.Schema is { } below)
                    Write(writer, schemas, below);
                else
                    writer.WriteBooleanValue(additional.Allows);
            }
        }

        if (schemas.IsV3)
            WriteCombinations(writer, schemas, schema);
        writer.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter writer, SchemaWriter schemas, JSONSchemaProps schema)
    {
        writer.WriteStartObject("properties"u8);
        if (schema.XEmbeddedResource)
        {
            WriteTypeMeta(writer);
            WriteMetadata(writer, schemas, ObjectMeta);
        }

        foreach (var (name, property) in CommonRules.Sorted(schema.Properties))
        {
            if (schema.XEmbeddedResource && name is "apiVersion" or "kind" or "metadata")
                continue;
            writer.WritePropertyName(name);
            Write(writer, schemas, property);
        }

        writer.WriteEndObject();
    }

    /// <summary>All but what schemas are made of.</summary>
    private static void WriteWords(Utf8JsonWriter writer, SchemaWriter schemas, JSONSchemaProps schema)
    {
        Text(writer, "description"u8, schema.Description);
        var isLoose = !schemas.IsV3 && (schema.Nullable || schema.XPreserveUnknownFields == true);
        if (!isLoose)
            Text(writer, "type"u8, schema.Type);
        Text(writer, "format"u8, schema.Format);
        Text(writer, "title"u8, schema.Title);
        if (schemas.IsV3 && schema.Nullable)
            writer.WriteBoolean("nullable"u8, true);
        if (schemas.IsV3 && schema.Default is { IsAbsent: false } @default)
            Raw(writer, "default"u8, @default);
        Number(writer, "maximum"u8, schema.Maximum);
        Flag(writer, "exclusiveMaximum"u8, schema.ExclusiveMaximum);
        Number(writer, "minimum"u8, schema.Minimum);
        Flag(writer, "exclusiveMinimum"u8, schema.ExclusiveMinimum);
        Number(writer, "maxLength"u8, schema.MaxLength);
        Number(writer, "minLength"u8, schema.MinLength);
        Text(writer, "pattern"u8, schema.Pattern);
        Number(writer, "maxItems"u8, schema.MaxItems);
        Number(writer, "minItems"u8, schema.MinItems);
        Number(writer, "multipleOf"u8, schema.MultipleOf);
        Number(writer, "maxProperties"u8, schema.MaxProperties);
        Number(writer, "minProperties"u8, schema.MinProperties);
        if (schema.Enum.Count > 0)
        {
            writer.WriteStartArray("enum"u8);
            foreach (var value in schema.Enum)
                writer.WriteRawValue(value.Utf8, skipInputValidation: true);
            writer.WriteEndArray();
        }

        Flag(writer, "x-kubernetes-preserve-unknown-fields"u8, schema.XPreserveUnknownFields == true);
        Flag(writer, "x-kubernetes-embedded-resource"u8, schema.XEmbeddedResource);
        Flag(writer, "x-kubernetes-int-or-string"u8, schema.XIntOrString);
        Strings(writer, "x-kubernetes-list-map-keys"u8, schema.XListMapKeys);
        Text(writer, "x-kubernetes-list-type"u8, schema.XListType ?? "");
        Text(writer, "x-kubernetes-map-type"u8, schema.XMapType ?? "");
        if (schemas.IsV3 && schema.XValidations.Count > 0)
            WriteRules(writer, schema.XValidations);
    }

    private static void WriteRequired(Utf8JsonWriter writer, JSONSchemaProps schema) => Strings(writer, "required"u8, schema.Required);

    private static void WriteCombinations(Utf8JsonWriter writer, SchemaWriter schemas, JSONSchemaProps schema)
    {
        Each(writer, "allOf"u8, schemas, schema.AllOf);
        Each(writer, "oneOf"u8, schemas, schema.OneOf);
        Each(writer, "anyOf"u8, schemas, schema.AnyOf);
        if (schema.Not is not { } not)
            return;
        writer.WritePropertyName("not"u8);
        Write(writer, schemas, not);
    }

    private static void Each(Utf8JsonWriter writer, ReadOnlySpan<byte> name, SchemaWriter schemas, ApiList<JSONSchemaProps> all)
    {
        if (all.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (var schema in all)
            Write(writer, schemas, schema);
        writer.WriteEndArray();
    }

    private static void WriteRules(Utf8JsonWriter writer, ApiList<ValidationRule> rules)
    {
        writer.WriteStartArray("x-kubernetes-validations"u8);
        foreach (var rule in rules)
        {
            writer.WriteStartObject();
            writer.WriteString("rule"u8, rule.Rule);
            Text(writer, "message"u8, rule.Message);
            Text(writer, "messageExpression"u8, rule.MessageExpression);
            Text(writer, "reason"u8, rule.Reason ?? "");
            Text(writer, "fieldPath"u8, rule.FieldPath);
            if (rule.OptionalOldSelf is { } optional)
                writer.WriteBoolean("optionalOldSelf"u8, optional);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string description)
    {
        writer.WriteStartObject(name);
        writer.WriteString("description"u8, description);
        writer.WriteString("type"u8, "string"u8);
        writer.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string text)
    {
        if (text.Length > 0)
            writer.WriteString(name, text);
    }

    private static void Flag(Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool flag)
    {
        if (flag)
            writer.WriteBoolean(name, true);
    }

    private static void Number(Utf8JsonWriter writer, ReadOnlySpan<byte> name, double? number)
    {
        if (number is { } value)
            Raw(writer, name, RawJson.FromText(GoNumber.Format(value)));
    }

    private static void Number(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? number)
    {
        if (number is { } value)
            writer.WriteNumber(name, value);
    }

    private static void Strings(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<string> texts)
    {
        if (texts.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    private static void Raw(Utf8JsonWriter writer, ReadOnlySpan<byte> name, RawJson value)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(value.Utf8, skipInputValidation: true);
    }
}
