using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coxswain.Api.Patching;

/// <summary>Strategic merge patch: a merge patch that knows by the schema which lists are merged by key, with directives
/// (<c>$patch</c>, <c>$retainKeys</c>, <c>$setElementOrder</c>, <c>$deleteFromPrimitiveList</c>). Pure and thread safe.</summary>
/// <remarks>
/// An object is merged in this order:
/// 1. <c>$patch: replace</c> or <c>delete</c> settles everything.
/// 2. <c>$retainKeys</c> drops the members it does not name.
/// 3. Lists with a <c>$setElementOrder</c> are merged and put in that order.
/// 4. All other members are merged one by one: null removes, another type replaces.
/// </remarks>
public static class StrategicMergePatch
{
    internal const string Directive = "$patch";
    internal const string RetainKeys = "$retainKeys";
    internal const string DeleteFromList = "$deleteFromPrimitiveList";
    internal const string SetOrder = "$setElementOrder";

    /// <summary>The document with the patch merged into it. The one given may be changed and must not be used afterwards.</summary>
    /// <exception cref="ApiException">400 for a patch that is none, else the answer that upstream gives.</exception>
    public static JsonNode Apply(JsonNode document, ReadOnlySpan<byte> patch, SchemaType schema)
    {
        var node = PatchErrors.Read(patch);
        return node is JsonObject ? Apply(document, node, schema)
            : throw PatchErrors.BadRequest($"json: cannot unmarshal {PatchErrors.TypeWord(node)} into Go value of type map[string]interface {{}}");
    }

    /// <summary>The same with a patch that has been read. It is taken apart and must not be used afterwards.</summary>
    public static JsonNode Apply(JsonNode document, JsonNode patch, SchemaType schema) =>
        patch is JsonObject members
            ? MergeObject(document as JsonObject, members, schema)
            : throw PatchErrors.BadRequest("invalid JSON document");

    internal static JsonObject MergeObject(JsonObject? original, JsonObject patch, SchemaType? schema)
    {
        // 1. A directive for the whole object.
        if (patch.TryGet(Directive, out var directive))
        {
            patch.Remove(Directive);
            return Word(directive) switch
            {
                "replace" => patch,
                "delete" => [],
                _ => throw UnknownDirective(directive, patch),
            };
        }

        var result = original ?? [];

        // 2. Which members may stay.
        ApplyRetainKeys(result, patch);

        // 3. Lists with an order.
        foreach (var (name, order) in patch.ToArray())
        {
            if (name.StartsWith(SetOrder, StringComparison.Ordinal))
            {
                patch.Remove(name);
                ApplyOrder(result, patch, Suffix(name, SetOrder, "invalid patch format of setElementOrder list"), order, schema);
            }
        }

        // 4. The rest.
        foreach (var (name, _) in patch.ToArray())
        {
            var value = patch.Take(name);
            if (name.StartsWith(DeleteFromList, StringComparison.Ordinal))
                DeleteItems(result, Suffix(name, DeleteFromList, "invalid patch format of primitive list"), value, schema);
            else
                MergeMember(result, name, value, schema);
        }

        return result;
    }

    internal static string? Word(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    internal static ApiException UnknownDirective(JsonNode? directive, JsonObject patch) =>
        PatchErrors.Unknown($"unknown patch type: {PatchErrors.GoValue(directive)} in map: {PatchErrors.GoValue(patch)}");

    private static void MergeMember(JsonObject result, string name, JsonNode? value, SchemaType? schema)
    {
        if (value is null)
        {
            result.Remove(name);
            return;
        }

        var present = result.TryGet(name, out var current);
        if (!present || PatchErrors.TypeWord(current) != PatchErrors.TypeWord(value))
        {
            result[name] = WithoutDirectives(value);
            return;
        }

        var place = PatchPlace.Find(schema, name);
        switch (value)
        {
            case JsonObject members when !place.IsReplaced:
                var merged = MergeObject((JsonObject)current!, members, place.Type);
                if (!ReferenceEquals(merged, current))
                    result[name] = merged;
                break;
            case JsonArray items when place.IsMerged:
                result[name] = StrategicList.Merge((JsonArray)current!, items, place);
                break;
            default:
                result[name] = value;
                break;
        }
    }

    private static void ApplyRetainKeys(JsonObject result, JsonObject patch)
    {
        if (!patch.TryGet(RetainKeys, out var retained))
            return;

        patch.Remove(RetainKeys);
        if (retained is not JsonArray list)
            throw PatchErrors.BadRequest("invalid patch format of retainKeys");

        var names = list.Select(Word).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, value) in patch)
        {
            var isDirective = name.StartsWith(DeleteFromList, StringComparison.Ordinal) || name.StartsWith(SetOrder, StringComparison.Ordinal);
            if (value is not null && !isDirective && !names.Contains(name))
                throw PatchErrors.BadRequest("invalid patch format of retainKeys");
        }

        foreach (var (name, _) in result.ToArray())
        {
            if (!names.Contains(name))
                result.Remove(name);
        }
    }

    private static void ApplyOrder(JsonObject result, JsonObject patch, string name, JsonNode? order, SchemaType? schema)
    {
        var orderList = order as JsonArray ?? throw WrongType(new JsonArray(), order);
        var hasOriginal = result.TryGet(name, out var original);
        var hasPatch = patch.TryGet(name, out var patched);
        if (hasOriginal && original is not JsonArray)
            throw WrongType(new JsonArray(), original);
        if (hasPatch && patched is not JsonArray)
            throw WrongType(new JsonArray(), patched);

        var place = PatchPlace.Find(schema, name);
        StrategicList.CheckOrder(patched as JsonArray, orderList, place.MergeKey);
        if (!hasOriginal && !hasPatch)
            return;

        patch.Remove(name);
        result[name] = StrategicList.MergeInOrder(original as JsonArray, patched as JsonArray, orderList, place);
    }

    private static void DeleteItems(JsonObject result, string name, JsonNode? value, SchemaType? schema)
    {
        // Nothing to delete from; and what is no list cannot be shortened.
        if (value is not JsonArray items || !result.TryGet(name, out var current) || current is not JsonArray list)
            return;

        if (!PatchPlace.Find(schema, name).IsMerged)
        {
            result[name] = items;
            return;
        }

        StrategicList.DeleteScalars(list, items);
    }

    private static ApiException WrongType(JsonNode expected, JsonNode? actual) =>
        PatchErrors.Unknown($"expected a {PatchErrors.GoType(expected)}, but received a {PatchErrors.GoType(actual)}");

    private static string Suffix(string name, string prefix, string error)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash == prefix.Length ? name[(slash + 1)..] : throw PatchErrors.BadRequest(error);
    }

    /// <summary>A value that is taken as it stands, without the nulls and directives that would only mean something for an existing one.</summary>
    internal static JsonNode? WithoutDirectives(JsonNode? value)
    {
        switch (value)
        {
            case JsonObject members:
                foreach (var (name, member) in members.ToArray())
                {
                    if (member is null || name is Directive or RetainKeys || name.StartsWith(DeleteFromList, StringComparison.Ordinal)
                        || name.StartsWith(SetOrder, StringComparison.Ordinal))
                        members.Remove(name);
                    else
                        WithoutDirectives(member);
                }

                break;
            case JsonArray items:
                for (var i = items.Count - 1; i >= 0; i--)
                {
                    if (items[i] is JsonObject item && item.ContainsKey(Directive) && Word(item[Directive]) is "delete" or "replace")
                        items.RemoveAt(i);
                    else
                        WithoutDirectives(items[i]);
                }

                break;
        }

        return value;
    }
}
