using System.Text;
using System.Threading.Channels;
using Coxswain.Storage;

namespace Coxswain.Backup;

/// <summary>Records into blocks, blocks into chunks on all cores, chunks into the file in order.</summary>
internal sealed class ChunkWriter : IAsyncDisposable
{
    private readonly ChunkCipher _cipher;
    private readonly Channel<Task<byte[]>> _chunks = Channel.CreateBounded<Task<byte[]>>(Environment.ProcessorCount * 2);
    private readonly CancellationTokenSource _failed = new();
    private readonly Task _writing;
    private byte[] _block = new byte[ChunkCipher.BlockBytes];
    private int _used;
    private long _index;

    public ChunkWriter(Stream file, ChunkCipher cipher)
    {
        _cipher = cipher;
        _writing = WriteAsync(file);
    }

    public ValueTask RecordAsync(RecordKind kind, ReadOnlyMemory<byte> content)
    {
        Span<byte> head = stackalloc byte[11];
        head[0] = (byte)kind;
        return AppendAsync(head[..(1 + WriteNumber(head[1..], (ulong)content.Length))], content);
    }

    public async ValueTask FileAsync(BackupEntryFile file)
    {
        var name = Encoding.UTF8.GetBytes(file.Name);
        var head = new byte[31 + name.Length];
        head[0] = (byte)RecordKind.File;
        var at = 1 + WriteNumber(head.AsSpan(1), (ulong)file.Mode);
        at += WriteNumber(head.AsSpan(at), (ulong)name.Length);
        name.CopyTo(head, at);
        at += name.Length;
        at += WriteNumber(head.AsSpan(at), (ulong)file.Content.Length);
        await AppendAsync(head.AsSpan(0, at), file.Content);
    }

    public ValueTask EntryAsync(StoreEntry entry)
    {
        var most = 41 + Encoding.UTF8.GetMaxByteCount(entry.Key.Length);
        Span<byte> head = most <= 1024 ? stackalloc byte[1024] : new byte[most];
        head[0] = (byte)RecordKind.Entry;
        var at = 1 + WriteNumber(head[1..], (ulong)entry.CreateRevision);
        at += WriteNumber(head[at..], (ulong)entry.ModRevision);
        at += WriteNumber(head[at..], (ulong)Encoding.UTF8.GetByteCount(entry.Key));
        at += Encoding.UTF8.GetBytes(entry.Key, head[at..]);
        at += WriteNumber(head[at..], (ulong)entry.Value.Length);
        return AppendAsync(head[..at], entry.Value);
    }

    public ValueTask EndAsync(BackupTotals totals)
    {
        Span<byte> head = stackalloc byte[41];
        head[0] = (byte)RecordKind.End;
        var at = 1 + WriteNumber(head[1..], (ulong)totals.Objects);
        at += WriteNumber(head[at..], (ulong)totals.Bytes);
        at += WriteNumber(head[at..], (ulong)totals.Files);
        at += WriteNumber(head[at..], (ulong)totals.Hash.Length);
        return AppendAsync(head[..at], totals.Hash);
    }

    /// <summary>Seals what is left as the last chunk and waits until all is written.</summary>
    public async Task FinishAsync()
    {
        await PushAsync(last: true);
        _chunks.Writer.Complete();
        await _writing;
    }

    public async ValueTask DisposeAsync()
    {
        _chunks.Writer.TryComplete();
        await _failed.CancelAsync();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _failed.Dispose();
    }

    /// <summary>Seven bits a byte, the lowest first; the highest bit says that more follow.</summary>
    private static int WriteNumber(Span<byte> to, ulong value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7)
            to[at++] = (byte)(value | 0x80);
        to[at++] = (byte)value;
        return at;
    }

    private ValueTask AppendAsync(ReadOnlySpan<byte> head, ReadOnlyMemory<byte> content)
    {
        if (head.Length + content.Length < _block.Length - _used)
        {
            head.CopyTo(_block.AsSpan(_used));
            content.Span.CopyTo(_block.AsSpan(_used + head.Length));
            _used += head.Length + content.Length;
            return default;
        }

        return SpillAsync(head.ToArray(), content);
    }

    private async ValueTask SpillAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> content)
    {
        foreach (var part in (ReadOnlyMemory<byte>[])[head, content])
        {
            for (var rest = part; !rest.IsEmpty;)
            {
                var fits = Math.Min(rest.Length, _block.Length - _used);
                rest.Span[..fits].CopyTo(_block.AsSpan(_used));
                _used += fits;
                rest = rest[fits..];
                if (_used == _block.Length)
                    await PushAsync(last: false);
            }
        }
    }

    private async Task PushAsync(bool last)
    {
        var (block, used, index) = (_block, _used, _index++);
        (_block, _used) = (last ? [] : new byte[ChunkCipher.BlockBytes], 0);
        try
        {
            await _chunks.Writer.WriteAsync(Task.Run(() => _cipher.Seal(block.AsSpan(0, used), index, last)), _failed.Token);
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            // What went wrong is known to who writes.
            await _writing;
            throw;
        }
    }

    private async Task WriteAsync(Stream file)
    {
        try
        {
            await foreach (var chunk in _chunks.Reader.ReadAllAsync(_failed.Token))
                await file.WriteAsync(await chunk, _failed.Token);
        }
        catch (Exception e)
        {
            _chunks.Writer.TryComplete(e);
            throw;
        }
    }
}
