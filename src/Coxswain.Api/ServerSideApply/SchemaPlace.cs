using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>A place in an object, with how values there are owned and merged.</summary>
internal readonly record struct SchemaPlace(SchemaType? Type, SchemaField? Field)
{
    public static SchemaPlace Root(SchemaType type) => new(type, null);

    private static readonly SchemaPlace Text = new(SchemaType.Scalar(SchemaKind.String), null);

    /// <summary>Owned as a whole: scalars, atomic lists and maps, and values that no schema knows.</summary>
    public bool IsLeaf => Merge == PlaceMerge.Leaf;

    public bool IsStruct => Merge == PlaceMerge.Struct;

    public PlaceMerge Merge => Type?.Kind switch
    {
        SchemaKind.Object when !Type.JsonForms.IsAbsent => PlaceMerge.Leaf,
        SchemaKind.Object => Field is { MapType: "atomic" } || (Type.IsAtomic && Field is not { MapType: "granular" }) ? PlaceMerge.Leaf : PlaceMerge.Struct,
        SchemaKind.Map => Field is { MapType: "atomic" } ? PlaceMerge.Leaf : PlaceMerge.Map,
        SchemaKind.List => ListMerge,
        _ => PlaceMerge.Leaf,
    };

    /// <summary>The name of a keyed list's only key, or null where it has several.</summary>
    public string? OnlyKey => Field!.ListMapKeys.Count switch { 0 => Field.PatchMergeKey, 1 => Field.ListMapKeys[0], _ => null };

    public SchemaPlace Item => new(Type?.Item, null);

    /// <summary>A member of an object here; without a type where the schema has no such member.</summary>
    public SchemaPlace Member(string name)
    {
        if (Type?.Kind == SchemaKind.Map)
            return Item;
        if (Type?.FindField(name) is { } field)
            return new(field.Type, field);
        return Type is { IsKind: true } && name is "apiVersion" or "kind" ? Text : default;
    }

    public SchemaPlace Below(PathElement element) => element.Kind == PathElementKind.Field ? Member(element.Text) : Item;

    /// <summary>The value that stands for a key that an item leaves out, or null if none may.</summary>
    public string? DefaultKey(string name)
    {
        if (Type?.Item?.FindField(name) is not { } field)
            return null;
        if (!field.Default.IsAbsent)
        {
            using var value = JsonDocument.Parse(field.Default.Memory);
            return PathElement.Canonical(value.RootElement);
        }

        // What is always written has the zero value where a document leaves it out.
        return field.OmitsEmpty || field.IsNullable ? null : field.Type.Kind switch
        {
            SchemaKind.String => "\"\"",
            SchemaKind.Int32 or SchemaKind.Int64 => "0",
            SchemaKind.Boolean => "false",
            _ => null,
        };
    }

    private PlaceMerge ListMerge => Field?.ListType switch
    {
        null => PlaceMerge.Leaf,
        "map" => PlaceMerge.KeyedList,
        "set" => PlaceMerge.Set,
        "" when Field.PatchStrategy.Contains("merge", StringComparison.Ordinal) =>
            Field.PatchMergeKey.Length > 0 ? PlaceMerge.KeyedList : PlaceMerge.Set,
        _ => PlaceMerge.Leaf,
    };
}

internal enum PlaceMerge
{
    Leaf,
    Struct,
    Map,
    KeyedList,
    Set,
}
