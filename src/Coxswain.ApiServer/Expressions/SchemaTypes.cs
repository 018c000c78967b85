using Coxswain.Api;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Expressions;

/// <summary>The types of built-in kinds in expressions, for those who check expressions against them.</summary>
internal static class SchemaTypes
{
    /// <summary>The type of a schema's values. Fields are looked up when an expression names them: types may contain themselves.</summary>
    public static CelType Of(SchemaType schema) => schema.Kind switch
    {
        SchemaKind.Object => CelType.Object(schema.Name, name => Field(schema, name)),
        SchemaKind.List => CelType.List(schema.Item is { } item ? Of(item) : CelType.Dyn),
        SchemaKind.Map => CelType.Map(CelType.String, schema.Item is { } value ? Of(value) : CelType.Dyn),
        SchemaKind.Boolean => CelType.Bool,
        SchemaKind.Int32 or SchemaKind.Int64 => CelType.Int,
        SchemaKind.Double => CelType.Double,
        SchemaKind.Bytes => CelType.Bytes,
        SchemaKind.Time or SchemaKind.MicroTime => CelType.Timestamp,
        SchemaKind.String or SchemaKind.Duration => CelType.String,
        // Quantities and the like are written in more than one way.
        _ => CelType.Dyn,
    };

    private static CelType? Field(SchemaType schema, string name)
    {
        var field = CelNames.Unescape(name);
        if (schema.IsKind && field is "apiVersion" or "kind")
            return CelType.String;
        return schema.FindField(field) is { } known ? Of(known.Type) : null;
    }
}
