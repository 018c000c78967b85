using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Coxswain.Storage;

namespace Coxswain.Backup;

/// <summary>An opened backup, whose header is known to be true. Read it in this order: manifest and files, then entries, then totals.</summary>
/// <remarks>Every failure of reading is a <see cref="BackupException"/>. Not safe for concurrent use.</remarks>
public sealed class BackupReader : IAsyncDisposable
{
    private const int LargestRecord = 256 << 20;
    private const int PageEntries = 1000;
    private const long PageBytes = 4 << 20;

    private readonly FileStream _file;
    private readonly BackupPreamble _preamble;
    private readonly BackupKeys _keys;
    private readonly IAsyncEnumerator<byte[]> _blocks;
    private byte[] _data = [];
    private int _start;
    private bool _ended;
    private int _files;

    private BackupReader(FileStream file, BackupPreamble preamble, BackupKeys keys, CancellationToken cancellation)
    {
        (_file, _preamble, _keys) = (file, preamble, keys);
        _blocks = ChunkReader.ReadAsync(file, new(keys, preamble.Hash), cancellation).GetAsyncEnumerator(cancellation);
    }

    public BackupHeader Header => _preamble.Header;

    public BackupProof? Proof => _preamble.Proof;

    /// <summary>Known when all entries have been read.</summary>
    public BackupTotals? Totals { get; private set; }

    internal static async Task<BackupReader> OpenAsync(string path, BackupSecret secret, CancellationToken cancellation)
    {
        var file = BackupFile.OpenRead(path);
        try
        {
            var preamble = await BackupPreamble.ReadAsync(file, cancellation);
            var keys = BackupKeys.Derive(secret, preamble.Header.KeyDerivation);
            preamble.Authenticate(keys);
            return new(file, preamble, keys, cancellation);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>What comes before the entries.</summary>
    public async Task<(BackupManifest Manifest, IReadOnlyList<BackupEntryFile> Files)> ReadFilesAsync()
    {
        if (await KindAsync() != RecordKind.Manifest)
            throw ChunkCipher.Damaged(null);
        _start++;
        var content = await BytesAsync();
        BackupManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(content.Span, BackupJson.Default.BackupManifest)!;
        }
        catch (JsonException e)
        {
            throw ChunkCipher.Damaged(e);
        }

        var files = new List<BackupEntryFile>();
        while (await KindAsync() == RecordKind.File)
        {
            _start++;
            var mode = (UnixFileMode)await NumberAsync(0x1ff);
            var name = Encoding.UTF8.GetString((await BytesAsync()).Span);
            if (name.Length == 0 || name[0] == '/' || name.Split('/').Any(part => part is "" or "." or ".."))
                throw ChunkCipher.Damaged(null);
            files.Add(new(name, mode, (await BytesAsync()).ToArray()));
        }

        _files = files.Count;
        if (!files.Select(f => f.Name).SequenceEqual(manifest.Files))
            throw ChunkCipher.Damaged(null);
        return (manifest, files);
    }

    /// <summary>The entries in key order, in pages. When it ends, all has been read, counted and hashed, and is whole.</summary>
    public async IAsyncEnumerable<IReadOnlyList<StoreEntry>> ReadEntriesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var hash = new EntryHash();
        var page = new List<StoreEntry>();
        long bytes = 0;
        var last = "";
        while (await KindAsync() == RecordKind.Entry)
        {
            cancellation.ThrowIfCancellationRequested();
            _start++;
            var (created, modified) = ((long)await NumberAsync(long.MaxValue), (long)await NumberAsync(long.MaxValue));
            var key = Encoding.UTF8.GetString((await BytesAsync()).Span);
            var entry = new StoreEntry(key, (await BytesAsync()).ToArray(), created, modified);
            if (string.CompareOrdinal(key, last) <= 0)
                throw ChunkCipher.Damaged(null);
            last = key;
            hash.Append(entry);
            page.Add(entry);
            bytes += entry.Value.Length;
            if (page.Count < PageEntries && bytes < PageBytes)
                continue;
            yield return page;
            (page, bytes) = ([], 0);
        }

        if (page.Count > 0)
            yield return page;
        if (await KindAsync() != RecordKind.End)
            throw ChunkCipher.Damaged(null);
        _start++;
        var totals = new BackupTotals(
            (long)await NumberAsync(long.MaxValue), (long)await NumberAsync(long.MaxValue), (int)await NumberAsync(int.MaxValue), (await BytesAsync()).ToArray());
        if (await MoreAsync() || totals.Objects != hash.Objects || totals.Bytes != hash.Bytes || totals.Files != _files
            || totals.Objects != Header.Objects || !totals.Hash.AsSpan().SequenceEqual(hash.Result()))
        {
            throw new BackupException("It is damaged: what it holds is not what it says that it holds.");
        }

        Totals = totals;
    }

    /// <summary>Notes in the file that it was verified. Quietly does nothing where the file cannot be written.</summary>
    internal async Task NoteAsync(BackupProof proof)
    {
        try
        {
            await using var file = new FileStream(_file.Name, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.Position = BackupPreamble.PrefixBytes;
            await file.WriteAsync(BackupPreamble.WriteProof(proof, _keys, _preamble.Hash));
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // A medium that is only read is as good; it is merely not said in the list.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _blocks.DisposeAsync();
        await _file.DisposeAsync();
    }

    private async ValueTask<RecordKind> KindAsync() => await MoreAsync() ? (RecordKind)_data[_start] : throw ChunkCipher.Damaged(null);

    private async ValueTask<bool> MoreAsync()
    {
        while (_start == _data.Length)
        {
            if (!await NextBlockAsync())
                return false;
        }

        return true;
    }

    private async ValueTask<ulong> NumberAsync(ulong most)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_start == _data.Length && !await MoreAsync())
                break;
            var next = _data[_start++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value <= most ? value : throw ChunkCipher.Damaged(null);
        }

        throw ChunkCipher.Damaged(null);
    }

    /// <summary>A length and so many bytes; they are good until the next call.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> BytesAsync()
    {
        var length = (int)await NumberAsync(LargestRecord);
        if (_data.Length - _start >= length)
        {
            var inside = _data.AsMemory(_start, length);
            _start += length;
            return inside;
        }

        // Grows with what really comes: a length alone takes no memory.
        using var parts = new MemoryStream();
        while (parts.Length < length)
        {
            if (!await MoreAsync())
                throw ChunkCipher.Damaged(null);
            var take = (int)Math.Min(length - parts.Length, _data.Length - _start);
            parts.Write(_data, _start, take);
            _start += take;
        }

        return parts.ToArray();
    }

    private async ValueTask<bool> NextBlockAsync()
    {
        if (_ended)
            return false;
        if (!await _blocks.MoveNextAsync())
        {
            _ended = true;
            return false;
        }

        (_data, _start) = (_blocks.Current, 0);
        return true;
    }
}
