namespace Coxswain.Client;

/// <summary>A map that forgets the least recently used keys beyond a capacity. Used by one thread.</summary>
internal sealed class RecentKeys<T>(int capacity) where T : class
{
    private readonly Dictionary<string, LinkedListNode<(string Key, T Value)>> _nodes = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Key, T Value)> _order = new();

    public int Count => _nodes.Count;

    public T? Get(string key)
    {
        if (!_nodes.TryGetValue(key, out var node))
            return null;
        _order.Remove(node);
        _order.AddFirst(node);
        return node.Value.Value;
    }

    public void Put(string key, T value)
    {
        if (_nodes.Remove(key, out var before))
            _order.Remove(before);
        _nodes[key] = _order.AddFirst((key, value));
        if (_nodes.Count > capacity)
        {
            _nodes.Remove(_order.Last!.Value.Key);
            _order.RemoveLast();
        }
    }
}
