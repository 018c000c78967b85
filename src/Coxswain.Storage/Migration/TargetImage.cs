using System.Security.Cryptography;

namespace Coxswain.Storage;

/// <summary>Writes to the target of a migration, and remembers of each key what it should hold and at which revision it was written.</summary>
/// <remarks>Takes some 200 bytes a key: what no later key is compared with need not be read twice. One caller at a time.</remarks>
internal sealed class TargetImage(IStore target, MigrationOptions options)
{
    private readonly Dictionary<string, Written> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unchecked = new(StringComparer.Ordinal);

    public int Count => _keys.Count;

    /// <summary>Puts entries that are new.</summary>
    public Task CopyAsync(IEnumerable<StoreEntry> entries, CancellationToken cancellation) =>
        WriteAsync([.. entries.Where(e => !options.Skip(e.Key)).Select(e => (e.Key, (ReadOnlyMemory<byte>?)e.Value))], cancellation);

    /// <summary>Does what happened in the source; of several changes of a key only the last.</summary>
    public Task ApplyAsync(IEnumerable<StoreChange> changes, CancellationToken cancellation)
    {
        var last = new Dictionary<string, ReadOnlyMemory<byte>?>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            if (!options.Skip(change.Key))
                last[change.Key] = change.After?.Value;
        }

        return WriteAsync([.. last.Select(e => (e.Key, e.Value))], cancellation);
    }

    /// <summary>Writes again what was written at or before a revision, so that it gets a later one.</summary>
    public async Task RewriteAsync(long upTo, CancellationToken cancellation)
    {
        var old = _keys.Where(k => k.Value.Revision <= upTo).Select(k => k.Key).ToList();
        foreach (var part in old.Chunk(options.Writers))
        {
            var entries = await Task.WhenAll(part.Select(key => target.GetAsync(key, cancellation).AsTask()));
            await WriteAsync([.. entries.Select((e, i) => (part[i], (ReadOnlyMemory<byte>?)(e ?? throw Foreign(part[i])).Value))], cancellation);
        }
    }

    /// <summary>Reads all of the target and compares it with what should be there.</summary>
    public async Task CheckAllAsync(CancellationToken cancellation)
    {
        long count = 0;
        _unchecked.Clear();
        await using var snapshot = await StoreSnapshot.OpenAsync(target, cancellation);
        await foreach (var page in snapshot.ReadAsync(StoreRange.Prefix(options.Prefix), cancellation))
        {
            foreach (var entry in page)
            {
                if (!_keys.TryGetValue(entry.Key, out var written))
                    throw Foreign(entry.Key);
                Check(entry, written);
                count++;
            }
        }

        if (count != _keys.Count)
            throw new MigrationException($"The target holds {count} keys where {_keys.Count} were written; another program changes it.");
    }

    /// <summary>Reads and compares what was written since <see cref="CheckAllAsync"/>, and counts.</summary>
    public async Task CheckNewAsync(CancellationToken cancellation)
    {
        foreach (var part in _unchecked.Chunk(options.Writers))
        {
            var entries = await Task.WhenAll(part.Select(key => target.GetAsync(key, cancellation).AsTask()));
            for (var i = 0; i < part.Length; i++)
            {
                if (_keys.TryGetValue(part[i], out var written) != entries[i] is not null)
                    throw Foreign(part[i]);
                if (entries[i] is { } entry)
                    Check(entry, written);
            }
        }

        _unchecked.Clear();
        var count = (await target.ListAsync(StoreRange.Prefix(options.Prefix), new(Limit: 1), cancellation)).Count;
        if (count != _keys.Count)
            throw new MigrationException($"The target holds {count} keys where {_keys.Count} were written; another program changes it.");
    }

    private async Task WriteAsync(List<(string Key, ReadOnlyMemory<byte>? Value)> writes, CancellationToken cancellation)
    {
        foreach (var part in writes.Chunk(options.Writers))
        {
            var results = await Task.WhenAll(part.Select(w => WriteOneAsync(w.Key, w.Value, cancellation)));
            for (var i = 0; i < part.Length; i++)
            {
                _unchecked.Add(part[i].Key);
                if (part[i].Value is { } value)
                    _keys[part[i].Key] = new(results[i], Hash(value.Span));
                else
                    _keys.Remove(part[i].Key);
            }
        }
    }

    private async Task<long> WriteOneAsync(string key, ReadOnlyMemory<byte>? value, CancellationToken cancellation)
    {
        var expected = _keys.TryGetValue(key, out var written) ? written.Revision : 0;
        if (value is null && expected == 0)
            return 0;
        var result = await target.WriteAsync(new(key, expected, value, value is null ? null : options.TimeToLive(key)), cancellation);
        return result.Committed ? result.Revision : throw Foreign(key);
    }

    private static void Check(StoreEntry entry, Written written)
    {
        if (entry.ModRevision != written.Revision || Hash(entry.Value.Span) != written.Hash)
            throw Foreign(entry.Key);
    }

    private static MigrationException Foreign(string key) =>
        new($"The key {key} of the target is not as it was written; another program changes it.");

    private static UInt128 Hash(ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(value, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private readonly record struct Written(long Revision, UInt128 Hash);
}
