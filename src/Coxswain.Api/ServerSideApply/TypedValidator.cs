using System.Text;
using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>Whether an applied object fits its schema: fields that exist, values of their types, lists without duplicate keys.</summary>
internal static class TypedValidator
{
    /// <summary>What is wrong in upstream's words, or null.</summary>
    public static string? Explain(SchemaType schema, JsonElement value)
    {
        var errors = new List<string>();
        Check(SchemaPlace.Root(schema), value, new StringBuilder(), errors);
        return errors.Count switch
        {
            0 => null,
            1 => errors[0],
            _ => "errors:\n  " + string.Join("\n  ", errors),
        };
    }

    private static void Check(SchemaPlace place, JsonElement value, StringBuilder path, List<string> errors)
    {
        if (place.Type is null || value.ValueKind is JsonValueKind.Null)
            return;

        switch (place.Type.Kind)
        {
            case SchemaKind.Object when place.Type.JsonForms.IsAbsent:
            case SchemaKind.Map:
                if (value.ValueKind == JsonValueKind.Object)
                    CheckMembers(place, value, path, errors);
                else
                    errors.Add($"{path}: expected map, got {Describe(value)}");
                break;
            case SchemaKind.List:
                if (value.ValueKind == JsonValueKind.Array)
                    CheckItems(place, value, path, errors);
                else
                    errors.Add($"{path}: expected list, got {Describe(value)}");
                break;
            case SchemaKind.String or SchemaKind.Bytes or SchemaKind.Time or SchemaKind.MicroTime or SchemaKind.Duration:
                if (value.ValueKind != JsonValueKind.String)
                    errors.Add($"{path}: expected string, got {Describe(value)}");
                break;
            case SchemaKind.Boolean:
                if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                    errors.Add($"{path}: expected boolean, got {Describe(value)}");
                break;
            case SchemaKind.Int32 or SchemaKind.Int64 or SchemaKind.Double:
                if (value.ValueKind != JsonValueKind.Number)
                    errors.Add($"{path}: expected numeric (int or float), got {TypeName(value)}");
                break;
            case SchemaKind.Quantity or SchemaKind.IntOrString:
                if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                    errors.Add($"{path}: expected any scalar, got {Describe(value)}");
                break;
        }
    }

    private static void CheckMembers(SchemaPlace place, JsonElement value, StringBuilder path, List<string> errors)
    {
        foreach (var member in value.EnumerateObject())
        {
            var length = path.Length;
            path.Append('.').Append(member.Name);
            var below = place.Member(member.Name);
            if (below.Type is null)
                errors.Add($"{path}: field not declared in schema");
            else
                Check(below, member.Value, path, errors);
            path.Length = length;
        }
    }

    private static void CheckItems(SchemaPlace place, JsonElement value, StringBuilder path, List<string> errors)
    {
        var identified = place.Merge is PlaceMerge.KeyedList or PlaceMerge.Set;
        var seen = new HashSet<PathElement>();
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            var length = path.Length;
            var element = new PathElement(PathElementKind.Index, (index++).ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (identified && !ListItems.TryIdentify(place, item, out element, out var error))
            {
                errors.Add($"{path}: element {index - 1}: {error}");
                continue;
            }

            if (identified && !seen.Add(element))
            {
                var name = new StringBuilder();
                element.AppendTo(name);
                errors.Add($"{path}: duplicate entries for key {name}");
            }

            element.AppendTo(path);
            Check(place.Item, item, path, errors);
            path.Length = length;
        }
    }

    private static string Describe(JsonElement value) => $"&value.valueUnstructured{{Value:{value.GetRawText()}}}";

    private static string TypeName(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Object => "map[string]interface {}",
        _ => "[]interface {}",
    };
}
