using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>Takes fields out of an object. What is emptied by that becomes null.</summary>
internal static class FieldRemover
{
    public static JsonElement Remove(SchemaType schema, JsonElement value, FieldSet fields)
    {
        if (fields.IsEmpty)
            return value;

        using var buffer = JsonBuffer.Rent();
        Write(buffer.Writer, SchemaPlace.Root(schema), value, fields);
        return JsonElement.Parse(buffer.ToArray(), JsonLimits.Document);
    }

    private static void Write(Utf8JsonWriter writer, SchemaPlace place, JsonElement value, FieldSet fields)
    {
        place = place.For(value);
        switch (place.Merge)
        {
            case PlaceMerge.Struct or PlaceMerge.Map when value.ValueKind == JsonValueKind.Object:
                WriteMembers(writer, place, value, fields);
                break;
            case PlaceMerge.KeyedList or PlaceMerge.Set when value.ValueKind == JsonValueKind.Array:
                WriteItems(writer, place, value, fields);
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, SchemaPlace place, JsonElement value, FieldSet fields)
    {
        var any = false;
        foreach (var member in value.EnumerateObject())
        {
            var isNamed = fields.TryFind(PathElement.Field(member.Name), out var entry);
            if (isNamed && entry.IsMember)
                continue;

            if (!any)
                writer.WriteStartObject();
            any = true;
            writer.WritePropertyName(member.Name);
            Write(writer, place.Member(member.Name), member.Value, isNamed ? entry.Children : FieldSet.Empty);
        }

        if (any)
            writer.WriteEndObject();
        else if (value.GetPropertyCount() == 0)
            value.WriteTo(writer);
        else
            writer.WriteNullValue();
    }

    private static void WriteItems(Utf8JsonWriter writer, SchemaPlace place, JsonElement value, FieldSet fields)
    {
        var any = false;
        foreach (var item in value.EnumerateArray())
        {
            var entry = default(FieldSet.Entry);
            var isNamed = ListItems.TryIdentify(place, item, out var element, out _) && fields.TryFind(element, out entry);
            if (isNamed && entry.IsMember)
                continue;

            if (!any)
                writer.WriteStartArray();
            any = true;
            Write(writer, place.Item, item, isNamed ? entry.Children : FieldSet.Empty);
        }

        if (any)
            writer.WriteEndArray();
        else if (value.GetArrayLength() == 0)
            value.WriteTo(writer);
        else
            writer.WriteNullValue();
    }
}
