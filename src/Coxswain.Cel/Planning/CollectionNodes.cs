namespace Coxswain.Cel.Planning;

internal readonly record struct ElementNode(Node Value, bool Optional);

internal sealed class ListNode(ElementNode[] elements) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(10);
        var items = new List<CelValue>(elements.Length);
        foreach (var element in elements)
        {
            var value = element.Value.Evaluate(frame);
            if (value.IsError)
                return value;
            if (!element.Optional)
                items.Add(value);
            else if (value.Kind != CelKind.Optional)
                return NoSuchOverload;
            else if (value.TryGetOptional(out var inner))
                items.Add(inner);
        }
        return CelValue.Of(CelList.Of([.. items]));
    }
}

internal readonly record struct EntryNode(Node Key, Node Value, bool Optional);

/// <summary>A map, or an object when it has a type.</summary>
internal sealed class MapNode(EntryNode[] entries, CelType? type) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(30);
        var map = new Dictionary<CelValue, CelValue>(entries.Length);
        foreach (var entry in entries)
        {
            var key = entry.Key.Evaluate(frame);
            if (key.IsError)
                return key;
            if (key.Kind is not (CelKind.String or CelKind.Int or CelKind.Uint or CelKind.Bool))
                return CelValue.Error($"unsupported key type: {key.Type}");
            var value = entry.Value.Evaluate(frame);
            if (value.IsError)
                return value;
            if (entry.Optional)
            {
                if (value.Kind != CelKind.Optional)
                    return NoSuchOverload;
                if (!value.TryGetOptional(out value))
                    continue;
            }
            if (!map.TryAdd(key, value))
                return CelValue.Error($"insert failed: key {key} already exists");
        }
        return CelValue.Of(CelMap.Of(map, type));
    }
}
