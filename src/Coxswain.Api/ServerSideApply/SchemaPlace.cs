using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>A place in an object, with how values there are owned and merged.</summary>
internal readonly record struct SchemaPlace(SchemaType? Type, SchemaField? Field)
{
    public static SchemaPlace Root(SchemaType type) => new(type, null);

    private static readonly SchemaPlace Text = new(SchemaType.Scalar(SchemaKind.String), null);
    private static readonly SchemaPlace DeducedMap = new(SchemaType.MapOf(SchemaType.Scalar(SchemaKind.Deduced)), null);

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

    public SchemaPlace Item => new(Type?.Item, Type?.ItemField);

    /// <summary>The same place now that its value is known: where the schema says nothing, objects are maps and all else is whole.</summary>
    public SchemaPlace For(JsonElement? value) =>
        Type?.Kind == SchemaKind.Deduced && value is { ValueKind: JsonValueKind.Object } ? DeducedMap : this;

    /// <summary>The place of two values of which at least one is there.</summary>
    public SchemaPlace For(JsonElement? one, JsonElement? other)
    {
        if (Type?.Kind != SchemaKind.Deduced)
            return this;
        var isMap = (IsObjectOrNothing(one) && other is { ValueKind: JsonValueKind.Object })
            || (IsObjectOrNothing(other) && one is { ValueKind: JsonValueKind.Object });
        return isMap ? DeducedMap : this;
    }

    /// <summary>Whether the struct names the member.</summary>
    public bool Names(string member) =>
        Type?.Kind == SchemaKind.Object && (Type.FindField(member) is not null || (Type.IsKind && member is "apiVersion" or "kind"));

    /// <summary>A member of an object here; without a type where the schema has no such member.</summary>
    public SchemaPlace Member(string name)
    {
        if (Type?.Kind == SchemaKind.Map)
            return Item;
        if (Type?.FindField(name) is { } field)
            return new(field.Type, field);
        return Type is { IsKind: true } && name is "apiVersion" or "kind" ? Text : Type?.Rest is { } rest ? new(rest, null) : default;
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

    private static bool IsObjectOrNothing(JsonElement? value) => value?.ValueKind is null or JsonValueKind.Null or JsonValueKind.Object;

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
