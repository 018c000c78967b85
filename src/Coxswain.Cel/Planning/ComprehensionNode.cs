using Coxswain.Cel.Syntax;

namespace Coxswain.Cel.Planning;

/// <summary>The macros that go over a list or a map.</summary>
/// <param name="second">The slot of the second variable, or -1.</param>
internal sealed class ComprehensionNode(
    ComprehensionKind kind, Node range, int first, int second, Node? condition, Node? transform) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        var value = range.Evaluate(frame);
        if (value.IsError)
            return value;
        if (value.Kind is not (CelKind.List or CelKind.Map))
            return NoSuchOverload;
        return kind switch
        {
            ComprehensionKind.All => Logic(frame, value, deciding: false),
            ComprehensionKind.Exists => Logic(frame, value, deciding: true),
            ComprehensionKind.ExistsOne => ExistsOne(frame, value),
            ComprehensionKind.TransformMap or ComprehensionKind.TransformMapEntry => ToMap(frame, value),
            _ => ToList(frame, value),
        };
    }

    /// <summary>Sets the variables for each element in turn.</summary>
    private IEnumerable<bool> Steps(CelFrame frame, CelValue value)
    {
        if (value.Kind == CelKind.List)
        {
            var list = value.AsList;
            for (var i = 0; i < list.Count; i++)
            {
                frame.Charge(1);
                frame.Local(first) = second < 0 ? list[i] : CelValue.Of((long)i);
                if (second >= 0)
                    frame.Local(second) = list[i];
                yield return true;
            }
            yield break;
        }
        var map = value.AsMap;
        foreach (var key in map.Keys)
        {
            frame.Charge(1);
            frame.Local(first) = key;
            if (second >= 0)
                frame.Local(second) = map.TryGet(key, out var there) ? there : CelValue.Null;
            yield return true;
        }
    }

    private CelValue Logic(CelFrame frame, CelValue value, bool deciding)
    {
        var failure = CelValue.Of(!deciding);
        foreach (var _ in Steps(frame, value))
        {
            var result = condition!.Evaluate(frame);
            if (result.Kind == CelKind.Bool)
            {
                if (result.AsBool == deciding)
                    return result;
            }
            else if (!failure.IsError)
                failure = result.IsError ? result : NoSuchOverload;
        }
        return failure;
    }

    private CelValue ExistsOne(CelFrame frame, CelValue value)
    {
        var count = 0;
        foreach (var _ in Steps(frame, value))
        {
            if (!Holds(frame, out var holds, out var error))
                return error;
            if (holds)
                count++;
        }
        return CelValue.Of(count == 1);
    }

    private CelValue ToList(CelFrame frame, CelValue value)
    {
        var items = new List<CelValue>();
        foreach (var _ in Steps(frame, value))
        {
            if (!Holds(frame, out var holds, out var error))
                return error;
            if (!holds)
                continue;
            var item = kind == ComprehensionKind.Filter ? frame.Local(first) : transform!.Evaluate(frame);
            if (item.IsError)
                return item;
            frame.Charge(1);
            items.Add(item);
        }
        return CelValue.Of(CelList.Of([.. items]));
    }

    private CelValue ToMap(CelFrame frame, CelValue value)
    {
        var map = new Dictionary<CelValue, CelValue>();
        foreach (var _ in Steps(frame, value))
        {
            if (!Holds(frame, out var holds, out var error))
                return error;
            if (!holds)
                continue;
            var key = frame.Local(first);
            var item = transform!.Evaluate(frame);
            if (item.IsError)
                return item;
            frame.Charge(1);
            if (kind == ComprehensionKind.TransformMap)
                map[key] = item;
            else if (item.Kind != CelKind.Map)
                return NoSuchOverload;
            else
            {
                foreach (var (name, entry) in item.AsMap)
                {
                    if (!map.TryAdd(name, entry))
                        return CelValue.Error($"insert failed: key {name} already exists");
                }
            }
        }
        return CelValue.Of(CelMap.Of(map));
    }

    private bool Holds(CelFrame frame, out bool holds, out CelValue error)
    {
        var result = condition is null ? CelValue.True : condition.Evaluate(frame);
        holds = result.IsTrue;
        error = result.IsError ? result : NoSuchOverload;
        return result.Kind == CelKind.Bool;
    }
}
