using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Coxswain.Storage;

namespace Coxswain.Backup;

/// <summary>What stands at the beginning of the encrypted part.</summary>
/// <param name="Files">The names of the files that follow.</param>
/// <param name="Prefix">The keys of the store that the backup holds.</param>
public sealed record BackupManifest(IReadOnlyList<string> Files, string Prefix);

/// <summary>A file beside the store that the cluster needs.</summary>
/// <param name="Name">A relative path with slashes.</param>
public sealed record BackupEntryFile(string Name, UnixFileMode Mode, byte[] Content);

/// <summary>What stands at the end: how much there was.</summary>
/// <param name="Hash">SHA-256 over all entries, see <see cref="EntryHash"/>.</param>
public sealed record BackupTotals(long Objects, long Bytes, int Files, byte[] Hash);

/// <summary>The kinds of records.</summary>
internal enum RecordKind : byte
{
    Manifest = 1,
    File = 2,
    Entry = 3,
    End = 4,
}

/// <summary>SHA-256 over keys and values in key order: the same for a store and for its backup.</summary>
public sealed class EntryHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = new byte[512];

    public long Objects { get; private set; }

    public long Bytes { get; private set; }

    public void Append(StoreEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var needed = 8 + Encoding.UTF8.GetMaxByteCount(entry.Key.Length);
        if (_buffer.Length < needed)
            _buffer = new byte[needed];
        var length = Encoding.UTF8.GetBytes(entry.Key, _buffer.AsSpan(8));
        BinaryPrimitives.WriteInt32BigEndian(_buffer, length);
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(4), entry.Value.Length);
        _hash.AppendData(_buffer.AsSpan(0, 8 + length));
        _hash.AppendData(entry.Value.Span);
        Objects++;
        Bytes += entry.Value.Length;
    }

    public byte[] Result() => _hash.GetCurrentHash();

    public void Dispose() => _hash.Dispose();
}
