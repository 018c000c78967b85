using System.Buffers;

namespace Coxswain.ApiServer.Registry;

/// <summary>A growing buffer from the shared pool; whoever makes it disposes it.</summary>
internal sealed class PooledBuffer(int capacity = 4096) : IBufferWriter<byte>, IDisposable
{
    private byte[] _array = ArrayPool<byte>.Shared.Rent(capacity);
    private int _length;

    public ReadOnlySpan<byte> WrittenSpan => _array.AsSpan(0, _length);

    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, _length);

    public int Length => _length;

    public void Advance(int count) => _length += count;

    public void Reset() => _length = 0;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _array.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _array.AsSpan(_length);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>Long arrays are not kept: the pool would hold them for ever, and they are seldom needed.</summary>
    private static void Return(byte[] array)
    {
        if (array.Length <= 1 << 20)
            ArrayPool<byte>.Shared.Return(array);
    }

    private void Ensure(int sizeHint)
    {
        var needed = _length + Math.Max(sizeHint, 256);
        if (needed <= _array.Length)
            return;
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _array.Length * 2));
        WrittenSpan.CopyTo(grown);
        Return(_array);
        _array = grown;
    }

    public void Dispose()
    {
        if (_array.Length > 0)
            Return(_array);
        _array = [];
        _length = 0;
    }
}
