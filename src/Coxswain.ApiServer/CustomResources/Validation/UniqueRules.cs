using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>Sets must not have a value twice, and keyed lists no key.</summary>
internal static class UniqueRules
{
    public static void Validate(CustomSchema? schema, JsonElement value, string path, FieldErrors errors)
    {
        if (schema is null)
            return;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                    Validate(schema.Member(member.Name), member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}", errors);
                break;
            case JsonValueKind.Array:
                switch (schema.Source.XListType)
                {
                    case "set":
                        Distinct(value, path, errors, static item => item);
                        break;
                    case "map":
                        Distinct(value, path, errors, item => Key(schema, item));
                        break;
                }

                var index = 0;
                foreach (var item in value.EnumerateArray())
                    Validate(schema.Items, item, $"{path}[{index++}]", errors);
                break;
        }
    }

    private static void Distinct(JsonElement list, string path, FieldErrors errors, Func<JsonElement, JsonElement?> identify)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var index = -1;
        foreach (var item in list.EnumerateArray())
        {
            index++;
            if (identify(item) is not { } identity || seen.Add(identity.GetRawText()))
                continue;
            errors.Duplicate($"{path}[{index}]", identity.ValueKind switch
            {
                JsonValueKind.String => identity.GetString(),
                JsonValueKind.Number => identity.TryGetInt64(out var whole) ? whole : identity.GetDouble(),
                JsonValueKind.True or JsonValueKind.False => identity.GetBoolean(),
                _ => JsonNode.Parse(identity.GetRawText()),
            });
        }
    }

    private static JsonElement? Key(CustomSchema schema, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return null;
        var key = new JsonObject();
        foreach (var name in schema.Source.XListMapKeys.Order(StringComparer.Ordinal))
            if (item.TryGetProperty(name, out var value))
                key[name] = JsonNode.Parse(value.GetRawText());
        return JsonElement.Parse(key.ToJsonString());
    }
}
