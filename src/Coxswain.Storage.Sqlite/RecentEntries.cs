namespace Coxswain.Storage.Sqlite;

/// <summary>The newest entries of the keys written lately: the next write of such a key needs not read the file, and what a change
/// says was there before is the same memory as what the change before it made.</summary>
/// <remarks>Two generations: when the young one is full it becomes the old one, and the old one is forgotten. Only the writer uses
/// it, and nobody else writes, so an entry that is there is the newest.</remarks>
internal sealed class RecentEntries(int count = 2048, long bytes = 2 << 20)
{
    private Dictionary<string, StoreEntry> _young = new(StringComparer.Ordinal);
    private Dictionary<string, StoreEntry> _old = new(StringComparer.Ordinal);
    private long _size;

    public StoreEntry? Find(string key) => _young.GetValueOrDefault(key) ?? _old.GetValueOrDefault(key);

    public void Set(StoreEntry entry)
    {
        _young[entry.Key] = entry;
        _size += entry.Value.Length;
        if (_young.Count < count && _size < bytes)
            return;
        (_young, _old, _size) = (_old, _young, 0);
        _young.Clear();
    }

    public void Remove(string key)
    {
        _young.Remove(key);
        _old.Remove(key);
    }

    /// <summary>Forgets all: some of it may have been rolled back.</summary>
    public void Clear()
    {
        _young.Clear();
        _old.Clear();
        _size = 0;
    }
}
