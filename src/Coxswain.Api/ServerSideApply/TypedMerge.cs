using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>Merges an applied object into the live one: members are united, leaves of the applied one win.</summary>
/// <remarks>Pure; nobody owns fields here. Maps and associative lists are united by the schema, atomic values replaced.</remarks>
public static class TypedMerge
{
    /// <summary>The live object with everything that the applied one says.</summary>
    public static JsonElement Merge(SchemaType schema, JsonElement live, JsonElement applied)
    {
        using var buffer = JsonBuffer.Rent();
        Write(buffer.Writer, SchemaPlace.Root(schema), live, applied);
        return JsonElement.Parse(buffer.ToArray(), JsonLimits.Document);
    }

    /// <summary>Writes the merged value; one of the two is there.</summary>
    private static void Write(Utf8JsonWriter writer, SchemaPlace place, JsonElement? live, JsonElement? applied)
    {
        place = place.For(live, applied);
        if (applied is null || live is null || place.IsLeaf || (IsHollow(live.Value) && IsHollow(applied.Value)))
        {
            (applied ?? live!.Value).WriteTo(writer);
            return;
        }

        switch (place.Merge)
        {
            case PlaceMerge.Struct or PlaceMerge.Map when CanMerge(live.Value, applied.Value, JsonValueKind.Object):
                WriteMembers(writer, place, live.Value, applied.Value);
                break;
            case PlaceMerge.KeyedList or PlaceMerge.Set when CanMerge(live.Value, applied.Value, JsonValueKind.Array):
                WriteItems(writer, place, live.Value, applied.Value);
                break;
            default:
                applied.Value.WriteTo(writer);
                break;
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, SchemaPlace place, JsonElement live, JsonElement applied)
    {
        writer.WriteStartObject();
        if (live.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in live.EnumerateObject())
            {
                JsonElement? other = applied.ValueKind == JsonValueKind.Object && applied.TryGetProperty(member.Name, out var value) ? value : null;
                writer.WritePropertyName(member.Name);
                Write(writer, place.Member(member.Name), member.Value, other);
            }
        }

        if (applied.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in applied.EnumerateObject())
            {
                if (live.ValueKind == JsonValueKind.Object && live.TryGetProperty(member.Name, out _))
                    continue;
                writer.WritePropertyName(member.Name);
                member.Value.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>The applied items come in their order. An item that only the live list has keeps its place before the next
    /// shared item.</summary>
    private static void WriteItems(Utf8JsonWriter writer, SchemaPlace place, JsonElement live, JsonElement applied)
    {
        var left = ListItems.Index(place, live);
        var right = ListItems.Index(place, applied);
        var liveItems = new Dictionary<PathElement, JsonElement>();
        foreach (var (element, item) in left)
            liveItems.TryAdd(element, item);
        var appliedItems = right.ToDictionary(item => item.Element, item => item.Item);
        var shared = new Queue<PathElement>(right.Select(item => item.Element).Where(liveItems.ContainsKey));
        var written = new HashSet<PathElement>();

        writer.WriteStartArray();
        int l = 0, r = 0;
        while (l < left.Count || r < right.Count)
        {
            if (l < left.Count)
            {
                var (element, item) = left[l];
                if (!appliedItems.ContainsKey(element))
                {
                    // Only live.
                    item.WriteTo(writer);
                    l++;
                    continue;
                }

                // Written before, or to be written later than another shared item.
                var isNext = r < right.Count && right[r].Element == element;
                if (!isNext && (written.Contains(element) || r == right.Count || (shared.Count > 0 && shared.Peek() != element)))
                {
                    l++;
                    continue;
                }

                if (isNext)
                    l++;
            }

            if (r == right.Count)
                continue;

            var (key, wanted) = right[r++];
            Write(writer, place.Item, liveItems.TryGetValue(key, out var there) ? there : null, wanted);
            written.Add(key);
            if (shared.Count > 0 && shared.Peek() == key)
                shared.Dequeue();
        }

        writer.WriteEndArray();
    }

    // Null counts as an empty value of either kind.
    private static bool CanMerge(JsonElement live, JsonElement applied, JsonValueKind kind) =>
        (live.ValueKind == kind || live.ValueKind == JsonValueKind.Null) && (applied.ValueKind == kind || applied.ValueKind == JsonValueKind.Null);

    private static bool IsHollow(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Null => true,
        _ => false,
    };
}
