using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>The set of fields that an object names.</summary>
internal static class FieldCollector
{
    public static FieldSet Collect(SchemaType schema, JsonElement value) => Below(SchemaPlace.Root(schema), value, schema.Naming);

    private static FieldSet Below(SchemaPlace place, JsonElement value, FieldNaming naming)
    {
        switch (place.Merge)
        {
            case PlaceMerge.Struct or PlaceMerge.Map when value.ValueKind == JsonValueKind.Object:
                var members = default(FieldSet.Builder);
                foreach (var member in value.EnumerateObject())
                {
                    var name = MemberNames.Of(member);
                    var below = place.Member(name).For(member.Value);
                    var isMember = below.IsLeaf || place.Merge == PlaceMerge.Map || (place.Type?.Rest is not null && !place.Names(name)) || member.Value.ValueKind == JsonValueKind.Null
                        || naming == FieldNaming.All || (naming == FieldNaming.Empty && below.IsStruct && IsEmptyObject(member.Value));
                    members.Add(PathElement.Field(name), isMember, Below(below, member.Value, naming));
                }

                return members.Build();
            case PlaceMerge.KeyedList or PlaceMerge.Set when value.ValueKind == JsonValueKind.Array:
                var items = default(FieldSet.Builder);
                foreach (var (element, item) in ListItems.Index(place, value))
                    items.Add(element, true, Below(place.Item.For(item), item, naming));
                return items.Build();
            default:
                return FieldSet.Empty;
        }
    }

    private static bool IsEmptyObject(JsonElement value) => value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 0;
}

/// <summary>Which members that only lead to others are themselves among the fields that a configuration names.</summary>
internal enum FieldNaming
{
    /// <summary>Those that are empty.</summary>
    Empty,

    /// <summary>None: custom kinds.</summary>
    None,

    /// <summary>All: custom kinds whose schema combines others (<c>anyOf</c>, <c>not</c>, ...) or has values that may be null, of whose
    /// structure upstream's recorded answers make less.</summary>
    All,
}
