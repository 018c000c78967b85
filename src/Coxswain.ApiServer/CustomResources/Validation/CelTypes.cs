using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Cel;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>The types that rules of a schema see.</summary>
internal static class CelTypes
{
    private static readonly CelType Metadata = CelType.Object("ObjectMeta", name => name is "name" or "generateName" ? CelType.String : null);

    /// <param name="isDocument">The value has apiVersion, kind and metadata whatever the schema says.</param>
    public static CelType Of(JSONSchemaProps schema, bool isDocument = false)
    {
        if (schema.XIntOrString)
            return CelType.Dyn;
        switch (schema.Type)
        {
            case "boolean":
                return CelType.Bool;
            case "integer":
                return CelType.Int;
            case "number":
                return CelType.Double;
            case "string":
                return schema.Format switch
                {
                    "byte" => CelType.Bytes,
                    "duration" => CelType.Duration,
                    "date" or "date-time" or "datetime" => CelType.Timestamp,
                    _ => CelType.String,
                };
            case "array":
                return ListOf(schema);
            case "object" when schema.AdditionalProperties?.Schema is { } values:
                return CelType.Map(CelType.String, Of(values));
            case "object" when schema.Properties.Count > 0 || isDocument || schema.XEmbeddedResource:
                return ObjectOf(schema, isDocument || schema.XEmbeddedResource);
            default:
                return CelType.Dyn;
        }
    }

    private static CelType ListOf(JSONSchemaProps schema)
    {
        var item = schema.Items?.Schema is { } items ? Of(items) : CelType.Dyn;
        return schema.XListType switch
        {
            "set" => CelType.List(item, CelListKind.Set, []),
            "map" => CelType.List(item, CelListKind.Map, [.. schema.XListMapKeys]),
            _ => CelType.List(item),
        };
    }

    private static CelType ObjectOf(JSONSchemaProps schema, bool isDocument)
    {
        var fields = new Dictionary<string, CelType>(StringComparer.Ordinal);
        foreach (var (name, property) in schema.Properties)
            fields[name] = Of(property);
        if (isDocument)
            (fields["apiVersion"], fields["kind"], fields["metadata"]) = (CelType.String, CelType.String, Metadata);
        return CelType.Object("object", name => fields.GetValueOrDefault(CelNames.Unescape(name)));
    }
}
