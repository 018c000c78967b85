using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>Which fields of an object another one adds, changes and removes.</summary>
internal sealed record FieldComparison(FieldSet Added, FieldSet Modified, FieldSet Removed)
{
    private static readonly SchemaType ObjectMeta = SchemaType.Find("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
        ?? throw new InvalidOperationException("The schema has no object metadata.");

    // So few are found by looking at all of them.
    private const int FewItems = 16;

    public bool IsEmpty => Added.IsEmpty && Modified.IsEmpty && Removed.IsEmpty;

    public FieldSet Changed => Added.Union(Modified);

    public static FieldComparison Of(SchemaType schema, JsonElement before, JsonElement after)
    {
        var differences = default(Differences);
        CompareBelow(SchemaPlace.Root(schema), before, after, ref differences);
        return differences.Build();
    }

    public FieldComparison Without(FieldSet ignored) =>
        new(Added.RecursiveDifference(ignored), Modified.RecursiveDifference(ignored), Removed.RecursiveDifference(ignored));

    /// <summary>Compares the values at one element of their container. One of them is there.</summary>
    private static void Compare(SchemaPlace place, PathElement element, JsonElement? before, JsonElement? after, ref Differences container)
    {
        place = place.For(before, after);

        // Where neither has content there is nothing below to compare: the difference of null, empty and absent belongs to the place.
        if (place.IsLeaf || (IsHollow(before) && IsHollow(after)))
        {
            if (before is null)
                container.Added.Add(element, true, FieldSet.Empty);
            else if (after is null)
                container.Removed.Add(element, true, FieldSet.Empty);
            else if (!JsonElement.DeepEquals(before.Value, after.Value))
                container.Modified.Add(element, true, FieldSet.Empty);
            return;
        }

        var below = default(Differences);
        CompareBelow(place, before, after, ref below);
        container.Added.Add(element, before is null, below.Added.Build());
        container.Modified.Add(element, false, below.Modified.Build());
        container.Removed.Add(element, after is null, below.Removed.Build());
    }

    private static void CompareBelow(SchemaPlace place, JsonElement? before, JsonElement? after, ref Differences differences)
    {
        if (place.Merge is PlaceMerge.KeyedList or PlaceMerge.Set)
            CompareItems(place, before, after, ref differences);
        else
            CompareMembers(place, AsObject(before), AsObject(after), ref differences);
    }

    private static void CompareMembers(SchemaPlace place, JsonElement? before, JsonElement? after, ref Differences differences)
    {
        var isMetadata = ReferenceEquals(place.Type, ObjectMeta);
        if (after is { } now)
        {
            foreach (var member in now.EnumerateObject())
            {
                var name = MemberNames.Of(member);
                if (isMetadata && name == "managedFields")
                    continue;
                JsonElement? then = before is { } there && there.TryGetProperty(name, out var value) ? value : null;
                Compare(place.Member(name), PathElement.Field(name), then, member.Value, ref differences);
            }
        }

        if (before is { } earlier)
        {
            foreach (var member in earlier.EnumerateObject())
            {
                var name = MemberNames.Of(member);
                if ((isMetadata && name == "managedFields") || (after is { } later && later.TryGetProperty(name, out _)))
                    continue;
                Compare(place.Member(name), PathElement.Field(name), member.Value, null, ref differences);
            }
        }
    }

    private static void CompareItems(SchemaPlace place, JsonElement? before, JsonElement? after, ref Differences differences)
    {
        var left = ListItems.Index(place, before);
        var right = ListItems.Index(place, after);
        if (AreFewAndDistinct(left) && AreFewAndDistinct(right))
        {
            foreach (var (element, item) in right)
                Compare(place.Item, element, Find(left, element), item, ref differences);
            foreach (var (element, item) in left)
            {
                if (Find(right, element) is null)
                    Compare(place.Item, element, item, null, ref differences);
            }

            return;
        }

        var then = left.ToLookup(item => item.Element, item => item.Item);
        var now = right.ToLookup(item => item.Element, item => item.Item);
        foreach (var group in now)
            CompareItem(place.Item, group.Key, [.. then[group.Key]], [.. group], ref differences);
        foreach (var group in then)
        {
            if (!now.Contains(group.Key))
                CompareItem(place.Item, group.Key, [.. group], [], ref differences);
        }
    }

    private static bool AreFewAndDistinct(List<(PathElement Element, JsonElement Item)> items)
    {
        if (items.Count > FewItems)
            return false;
        for (var i = 1; i < items.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (items[i].Element == items[j].Element)
                    return false;
            }
        }

        return true;
    }

    private static JsonElement? Find(List<(PathElement Element, JsonElement Item)> items, PathElement element)
    {
        foreach (var item in items)
        {
            if (item.Element == element)
                return item.Item;
        }

        return null;
    }

    private static void CompareItem(SchemaPlace place, PathElement element, JsonElement[] before, JsonElement[] after, ref Differences differences)
    {
        if (before.Length <= 1 && after.Length <= 1)
        {
            Compare(place, element, before.Length == 0 ? null : before[0], after.Length == 0 ? null : after[0], ref differences);
            return;
        }

        // Items that share a key (old objects may have them) are compared as one.
        if (before.Length == 0)
            differences.Added.Add(element, true, FieldSet.Empty);
        else if (after.Length == 0)
            differences.Removed.Add(element, true, FieldSet.Empty);
        else if (before.Length != after.Length || before.Zip(after).Any(pair => !JsonElement.DeepEquals(pair.First, pair.Second)))
            differences.Modified.Add(element, true, FieldSet.Empty);
    }

    private static JsonElement? AsObject(JsonElement? value) => value is { ValueKind: JsonValueKind.Object } ? value : null;

    private static bool IsHollow(JsonElement? value) => value?.ValueKind switch
    {
        JsonValueKind.Object => value.Value.GetPropertyCount() == 0,
        JsonValueKind.Array => value.Value.GetArrayLength() == 0,
        null or JsonValueKind.Null => true,
        _ => false,
    };

    private struct Differences
    {
        public FieldSet.Builder Added;
        public FieldSet.Builder Modified;
        public FieldSet.Builder Removed;

        public FieldComparison Build() => new(Added.Build(), Modified.Build(), Removed.Build());
    }
}
