using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.ServerSideApply;

namespace Coxswain.Api.CustomResources;

/// <summary>What apply must know of a custom kind, made from its schema.</summary>
public static class CustomSchemaType
{
    private static readonly SchemaType Deduced = SchemaType.Scalar(SchemaKind.Deduced);

    private static readonly SchemaType Metadata = SchemaType.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
        ?? throw new InvalidOperationException("The schema has no object metadata.");

    private static readonly SchemaType ListMetadata = SchemaType.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta")
        ?? throw new InvalidOperationException("The schema has no list metadata.");

    /// <summary>The type of a kind's documents.</summary>
    /// <param name="name">The definition's name in OpenAPI.</param>
    /// <param name="schema">Null: nothing is known of them.</param>
    public static SchemaType Document(string name, GroupVersionKind kind, CustomSchema? schema)
    {
        var fields = new List<SchemaField> { Field("metadata", Metadata) };
        if (schema is not null)
        {
            foreach (var (member, below) in schema.Properties)
                if (member is not ("apiVersion" or "kind" or "metadata"))
                    fields.Add(Field(member, below));
        }

        return SchemaType.Document(name, kind, fields, schema is null || schema.PreservesUnknown ? Deduced : null,
            schema is not null && IsCombined(schema.Source) ? FieldNaming.All : FieldNaming.None);
    }

    /// <summary>The type of a list of a kind's documents.</summary>
    public static SchemaType List(string name, GroupVersionKind kind, SchemaType item) => SchemaType.Document(
        name, kind,
        [Field("items", SchemaType.ListOf(item)) with { IsRequired = true }, Field("metadata", ListMetadata)],
        rest: null, FieldNaming.None);

    private static SchemaField Field(string name, CustomSchema schema) => Field(name, TypeOf(schema)) with
    {
        ListType = schema.Source.Type == "array" ? schema.Source.XListType ?? "atomic" : "",
        ListMapKeys = schema.Source.XListMapKeys,
        MapType = schema.Source.XMapType ?? "",
        Default = schema.HasDefault ? schema.Source.Default!.Value : default,
        IsNullable = schema.IsNullable,
    };

    private static SchemaField Field(string name, SchemaType type) => new() { Name = name, Type = type, OmitsEmpty = true };

    private static SchemaType TypeOf(CustomSchema schema)
    {
        if (schema.Source.XIntOrString)
            return SchemaType.Scalar(SchemaKind.IntOrString);
        switch (schema.Source.Type)
        {
            case "object":
                return ObjectOf(schema);
            case "array":
                return schema.Items is { } item ? SchemaType.ListOf(TypeOf(item), Field("", item)) : SchemaType.ListOf(Deduced);
            case "integer":
                return SchemaType.Scalar(SchemaKind.Int64);
            case "number":
                return SchemaType.Scalar(SchemaKind.Double);
            case "boolean":
                return SchemaType.Scalar(SchemaKind.Boolean);
            case "string":
                return SchemaType.Scalar(SchemaKind.String);
            default:
                return schema.IsEmbedded || schema.Properties.Count > 0 ? ObjectOf(schema) : Deduced;
        }
    }

    private static bool IsCombined(JSONSchemaProps schema) => schema.AnyOf.Count > 0 || schema.OneOf.Count > 0 || schema.Not is not null || schema.Nullable
        || (schema.Items?.Schema is { } items && IsCombined(items))
        || (schema.AdditionalProperties?.Schema is { } additional && IsCombined(additional))
        || schema.Properties.Any(property => IsCombined(property.Value));

    private static SchemaType ObjectOf(CustomSchema schema)
    {
        var isAtomic = schema.Source.XMapType == "atomic";
        if (schema.Properties.Count == 0 && !schema.IsEmbedded)
            return schema.Additional is { } item ? SchemaType.MapOf(TypeOf(item), Field("", item)) : SchemaType.MapOf(Deduced);

        var fields = new List<SchemaField>();
        foreach (var (name, below) in schema.Properties)
            if (!schema.IsEmbedded || name is not ("apiVersion" or "kind" or "metadata"))
                fields.Add(Field(name, below));
        if (schema.IsEmbedded)
        {
            fields.Add(Field("apiVersion", SchemaType.Scalar(SchemaKind.String)));
            fields.Add(Field("kind", SchemaType.Scalar(SchemaKind.String)));
            fields.Add(Field("metadata", Metadata));
        }

        return SchemaType.Object("", fields, isAtomic, schema.PreservesUnknown ? Deduced : null);
    }
}
