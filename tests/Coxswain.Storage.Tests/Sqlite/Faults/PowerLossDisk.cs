namespace Coxswain.Storage.Tests.Sqlite.Faults;

/// <summary>What of some files is on the disk for sure, and what was written since the last flush and may or may not be.</summary>
/// <remarks>When the power goes, of what was not flushed any part may be there: writes are lost, swapped in order, or done in some of
/// their sectors; a file grows without its content; a name that was not flushed is missing or comes back. The first flush of a new
/// file flushes the folder too, as SQLite has it.</remarks>
internal sealed class PowerLossDisk
{
    private const int Sector = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Content> _files = new(StringComparer.Ordinal);

    /// <summary>Does something and records it, as one step.</summary>
    public int Record(Func<int> work, Action record)
    {
        lock (_gate)
        {
            var result = work();
            if (result == 0)
                record();
            return result;
        }
    }

    public void Open(string path)
    {
        if (!_files.TryGetValue(path, out var file))
            _files.Add(path, file = new());
        file.Deleted = false;
    }

    public void Write(string path, long offset, ReadOnlySpan<byte> bytes) => _files[path].Pending.Add((offset, bytes.ToArray()));

    public void Truncate(string path, long size) => _files[path].Pending.Add((size, null));

    public void Sync(string path)
    {
        var file = _files[path];
        file.Durable = Apply(file.Durable, file.Pending);
        file.Pending.Clear();
        if (file.Named)
            return;
        foreach (var deleted in _files.Where(other => other.Value.Deleted).Select(other => other.Key).ToArray())
            _files.Remove(deleted);
        foreach (var other in _files.Values)
            other.Named = true;
    }

    public void Delete(string path, bool flushed)
    {
        if (!_files.TryGetValue(path, out var file))
            return;
        if (flushed || !file.Named)
            _files.Remove(path);
        else
            file.Deleted = true;
    }

    /// <summary>What is found by file name when the power goes now.</summary>
    public Dictionary<string, byte[]> Crash(Random random)
    {
        lock (_gate)
        {
            var found = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            foreach (var (path, file) in _files)
            {
                if ((!file.Named || file.Deleted) && random.Next(2) == 0)
                    continue;
                var part = random.Next(4) switch { 0 => 0.0, 1 => 1.0, _ => random.NextDouble() };
                var kept = new List<(long Offset, byte[]? Bytes)>();
                foreach (var (offset, bytes) in file.Pending)
                {
                    if (random.NextDouble() < part)
                        kept.Add((offset, bytes));
                    else if (bytes is not null && random.Next(2) == 0)
                        kept.AddRange(Torn(offset, bytes, random));
                }

                // Two writes of one place keep their order, others need not; a truncation keeps its place.
                found.Add(path, Apply(file.Durable, kept));
            }

            return found;
        }
    }

    private static IEnumerable<(long Offset, byte[]? Bytes)> Torn(long offset, byte[] bytes, Random random)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)Math.Min(bytes.Length - at, Sector - ((offset + at) % Sector));
            if (random.Next(2) == 0)
                yield return (offset + at, bytes[at..(at + length)]);
            at += length;
        }
    }

    private static byte[] Apply(byte[] content, IReadOnlyList<(long Offset, byte[]? Bytes)> writes)
    {
        if (writes.Count == 0)
            return content;
        var length = (long)content.Length;
        foreach (var (offset, bytes) in writes)
            length = Math.Max(length, offset + (bytes?.Length ?? 0));
        var applied = new byte[length];
        content.CopyTo(applied, 0);
        var end = (long)content.Length;
        foreach (var (offset, bytes) in writes)
        {
            if (bytes is null)
            {
                applied.AsSpan((int)offset).Clear();
                end = offset;
            }
            else
            {
                bytes.CopyTo(applied, offset);
                end = Math.Max(end, offset + bytes.Length);
            }
        }

        return end == applied.Length ? applied : applied[..(int)end];
    }

    private sealed class Content
    {
        public byte[] Durable { get; set; } = [];

        public List<(long Offset, byte[]? Bytes)> Pending { get; } = [];

        /// <summary>The name has been flushed.</summary>
        public bool Named { get; set; }

        /// <summary>It has been deleted and that has not been flushed.</summary>
        public bool Deleted { get; set; }
    }
}
