using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>The set of fields that an object names.</summary>
internal static class FieldCollector
{
    public static FieldSet Collect(SchemaType schema, JsonElement value) => Below(SchemaPlace.Root(schema), value);

    private static FieldSet Below(SchemaPlace place, JsonElement value)
    {
        switch (place.Merge)
        {
            case PlaceMerge.Struct or PlaceMerge.Map when value.ValueKind == JsonValueKind.Object:
                var members = default(FieldSet.Builder);
                foreach (var member in value.EnumerateObject())
                {
                    var name = MemberNames.Of(member);
                    var below = place.Member(name);
                    var isMember = below.IsLeaf || place.Merge == PlaceMerge.Map || member.Value.ValueKind == JsonValueKind.Null
                        || (below.IsStruct && IsEmptyObject(member.Value));
                    members.Add(PathElement.Field(name), isMember, Below(below, member.Value));
                }

                return members.Build();
            case PlaceMerge.KeyedList or PlaceMerge.Set when value.ValueKind == JsonValueKind.Array:
                var items = default(FieldSet.Builder);
                foreach (var (element, item) in ListItems.Index(place, value))
                    items.Add(element, true, Below(place.Item, item));
                return items.Build();
            default:
                return FieldSet.Empty;
        }
    }

    private static bool IsEmptyObject(JsonElement value) => value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 0;
}
