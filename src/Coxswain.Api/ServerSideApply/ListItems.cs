using System.Text;
using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>The items of a keyed list or a set, each by its path element.</summary>
internal static class ListItems
{
    /// <summary>False where an item has no key and none stands for it.</summary>
    public static bool TryIdentify(SchemaPlace list, JsonElement item, out PathElement element, out string error)
    {
        element = default;
        error = "";
        if (list.Merge == PlaceMerge.Set)
        {
            if (item.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                error = "associative list without keys has an element that's a " + (item.ValueKind == JsonValueKind.Object ? "map" : "list") + " type";
                return false;
            }

            element = new(PathElementKind.Value, PathElement.Canonical(item));
            return true;
        }

        if (item.ValueKind != JsonValueKind.Object)
        {
            error = item.ValueKind == JsonValueKind.Null
                ? "associative list with keys may not have a null element"
                : "associative list with keys may not have non-map elements";
            return false;
        }

        if (list.OnlyKey is { } only)
        {
            if (KeyValue(list, item, only) is not { } value)
            {
                error = Omitted(only);
                return false;
            }

            element = new(PathElementKind.Key, $"{{\"{only}\":{value}}}");
            return true;
        }

        var names = list.Field!.ListMapKeys.Order(StringComparer.Ordinal).ToArray();
        var text = new StringBuilder("{");
        foreach (var name in names)
        {
            var value = KeyValue(list, item, name);
            if (value is null)
            {
                // Upstream takes an item as long as one of its keys is there.
                if (names.Any(other => item.TryGetProperty(other, out _)))
                    continue;
                error = Omitted(name);
                return false;
            }

            text.Append(text.Length > 1 ? "," : "").Append('"').Append(name).Append("\":").Append(value);
        }

        element = new(PathElementKind.Key, text.Append('}').ToString());
        return true;
    }

    private static string? KeyValue(SchemaPlace list, JsonElement item, string name) =>
        item.TryGetProperty(name, out var key) && key.ValueKind != JsonValueKind.Null ? PathElement.Canonical(key) : list.DefaultKey(name);

    private static string Omitted(string name) =>
        $"associative list with keys has an element that omits key field {GoText.Quote(name)} (and doesn't have default value)";

    /// <summary>The items that can be told apart, in order. Null and absent lists have none.</summary>
    public static List<(PathElement Element, JsonElement Item)> Index(SchemaPlace list, JsonElement? value)
    {
        if (value is not { ValueKind: JsonValueKind.Array } array)
            return [];

        var items = new List<(PathElement, JsonElement)>(array.GetArrayLength());
        foreach (var item in array.EnumerateArray())
        {
            if (TryIdentify(list, item, out var element, out _))
                items.Add((element, item));
        }

        return items;
    }
}
