using System.Text.Json.Nodes;

namespace Coxswain.Api.Patching;

/// <summary>Merges lists of a strategic merge patch: of scalars as sets, of objects by their merge key.</summary>
/// <remarks>The order of the result: what the patch names stands in the patch's (or the directive's) order, what only the server has
/// keeps its own, and an item of the server stands before one of the patch only where both were on the server in that order.</remarks>
internal static class StrategicList
{
    public static JsonArray Merge(JsonArray original, JsonArray patch, PatchPlace place)
    {
        if (original.Count == 0 && patch.Count == 0)
            return original.Parent is null ? original : [];

        var server = original.TakeAll();
        var wanted = patch.TakeAll();
        var merged = MergeItems(ref server, ref wanted, place);
        return Arrange(merged, wanted, server, place.MergeKey);
    }

    /// <summary>As <see cref="Merge"/>, in the order of a directive. Either list may be absent, not both.</summary>
    public static JsonArray MergeInOrder(JsonArray? original, JsonArray? patch, JsonArray order, PatchPlace place)
    {
        var server = original?.TakeAll() ?? [];
        var serverOrder = server.ToList();
        List<JsonNode?> merged;
        if (original is null)
        {
            merged = patch!.TakeAll();
        }
        else if (patch is null)
        {
            merged = server;
        }
        else if (!place.IsMerged)
        {
            merged = patch.TakeAll();
        }
        else
        {
            var wanted = patch.TakeAll();
            merged = MergeItems(ref server, ref wanted, place);
        }

        return Arrange(merged, [.. order], serverOrder, place.MergeKey);
    }

    /// <summary>What the patch sets must come in the directive's order, and be named by it.</summary>
    public static void CheckOrder(JsonArray? patch, JsonArray order, string mergeKey)
    {
        if (patch is null || patch.Count == 0 || order.Count == 0)
            return;

        var next = 0;
        foreach (var item in patch)
        {
            if (item is JsonObject member && member.ContainsKey(StrategicMergePatch.Directive))
                continue;
            while (next < order.Count && !SameKey(item, order[next], mergeKey))
                next++;
            if (next++ == order.Count)
                throw PatchErrors.Unknown(
                    $"The order in patch list:\n{PatchErrors.GoValue(patch)}\n doesn't match {StrategicMergePatch.SetOrder} list:\n{PatchErrors.GoValue(order)}\n");
        }
    }

    public static void DeleteScalars(JsonArray list, JsonArray gone)
    {
        for (var i = list.Count - 1; i >= 0; i--)
        {
            if (gone.Any(item => JsonNode.DeepEquals(item, list[i])))
                list.RemoveAt(i);
        }
    }

    /// <param name="server">Loses what the patch deletes.</param>
    /// <param name="patch">Loses its directives; empty where it replaced the list.</param>
    private static List<JsonNode?> MergeItems(ref List<JsonNode?> server, ref List<JsonNode?> patch, PatchPlace place)
    {
        CheckTypes(server.Concat(patch));
        if ((server.FirstOrDefault() ?? patch.FirstOrDefault()) is not JsonObject)
        {
            var all = new List<JsonNode?>(server.Count + patch.Count);
            foreach (var item in server.Concat(patch))
            {
                if (!all.Exists(there => JsonNode.DeepEquals(there, item)))
                    all.Add(item);
            }

            return all;
        }

        if (place.MergeKey.Length == 0)
            throw PatchErrors.Unknown("cannot merge lists without merge key for type struct");

        // 1. Directives.
        var replaced = false;
        var wanted = new List<JsonNode?>(patch.Count);
        foreach (var item in patch)
        {
            var members = (JsonObject)item!;
            if (!members.TryGet(StrategicMergePatch.Directive, out var directive))
            {
                wanted.Add(item);
                continue;
            }

            switch (StrategicMergePatch.Word(directive))
            {
                case "delete":
                    var key = Key(members, place.MergeKey);
                    server.RemoveAll(there => there is JsonObject other && other.TryGet(place.MergeKey, out var otherKey) && JsonNode.DeepEquals(key, otherKey));
                    break;
                case "replace":
                    replaced = true;
                    break;
                case "merge":
                    throw PatchErrors.Unknown("merging lists cannot yet be specified in the patch");
                default:
                    throw StrategicMergePatch.UnknownDirective(directive, members);
            }
        }

        patch = replaced ? [] : wanted;
        if (replaced)
        {
            server = wanted;
            return [.. wanted];
        }

        // 2. Items.
        var merged = server.ToList();
        foreach (var item in wanted)
        {
            var members = (JsonObject)item!;
            var key = Key(members, place.MergeKey);
            var at = merged.FindIndex(there => ((JsonObject)there!).TryGet(place.MergeKey, out var otherKey) && JsonNode.DeepEquals(key, otherKey));
            if (at < 0)
            {
                merged.Add(item);
                continue;
            }

            // The item is taken apart by the merge, but its key is still asked for when the order is made.
            var copy = (JsonObject)members.DeepClone();
            merged[at] = StrategicMergePatch.MergeObject((JsonObject)merged[at]!, copy, place.Type?.Item);
        }

        return merged;
    }

    private static JsonArray Arrange(List<JsonNode?> merged, List<JsonNode?> patchOrder, List<JsonNode?> serverOrder, string mergeKey)
    {
        var patched = new List<(int Order, JsonNode? Item)>();
        var serverOnly = new List<(int Order, JsonNode? Item)>();
        foreach (var item in merged)
        {
            if (mergeKey.Length > 0)
                Key(item as JsonObject ?? throw PatchErrors.Unknown($"expected a map[string]interface {{}}, but received a {PatchErrors.GoType(item)}"), mergeKey);
            var order = IndexOf(patchOrder, item, mergeKey);
            if (order >= 0)
                patched.Add((order, item));
            else
                serverOnly.Add((IndexOf(serverOrder, item, mergeKey), item));
        }

        var left = new Queue<(int Order, JsonNode? Item)>(serverOnly.OrderBy(x => x.Order));
        var result = new JsonArray();
        foreach (var (_, item) in patched.OrderBy(x => x.Order))
        {
            var before = IndexOf(serverOrder, item, mergeKey);
            while (left.Count > 0 && before >= 0 && left.Peek().Order >= 0 && left.Peek().Order < before)
                result.Add(StrategicMergePatch.WithoutDirectives(left.Dequeue().Item.Free()));
            result.Add(StrategicMergePatch.WithoutDirectives(item.Free()));
        }

        foreach (var (_, item) in left)
            result.Add(item.Free());
        return result;
    }

    private static int IndexOf(List<JsonNode?> list, JsonNode? item, string mergeKey) => list.FindIndex(other => SameKey(item, other, mergeKey));

    private static bool SameKey(JsonNode? left, JsonNode? right, string mergeKey)
    {
        if (mergeKey.Length == 0)
            return JsonNode.DeepEquals(left, right);
        if (left is not JsonObject leftMembers || right is not JsonObject rightMembers)
            throw PatchErrors.Unknown($"expected a map[string]interface {{}}, but received a {PatchErrors.GoType(left is JsonObject ? right : left)}");
        return JsonNode.DeepEquals(Key(leftMembers, mergeKey), Key(rightMembers, mergeKey));
    }

    private static JsonNode? Key(JsonObject item, string mergeKey) =>
        item.TryGet(mergeKey, out var key) ? key
            : throw PatchErrors.Unknown($"map: {PatchErrors.GoValue(item)} does not contain declared merge key: {mergeKey}");

    private static void CheckTypes(IEnumerable<JsonNode?> items)
    {
        string? first = null;
        foreach (var item in items)
        {
            var type = PatchErrors.TypeWord(item);
            if (type == "array")
                throw PatchErrors.Unknown("lists of lists are not supported");
            first ??= type;
            if (type != first)
                throw PatchErrors.Unknown($"list element types are not identical: {PatchErrors.GoValue(new JsonArray([.. items.Select(x => x?.DeepClone())]))}");
        }
    }
}
