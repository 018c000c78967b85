using System.Buffers;

namespace Coxswain.ApiServer.Registry;

/// <summary>A long text in pooled pages: growing it copies nothing, and no page is so large that it burdens the heap.</summary>
/// <remarks>Whoever makes it disposes it.</remarks>
internal sealed class PagedBuffer : IBufferWriter<byte>, IDisposable
{
    private const int PageSize = 64 * 1024;

    private readonly List<(byte[] Array, int Length)> _full = [];
    private byte[] _page = ArrayPool<byte>.Shared.Rent(PageSize);
    private int _used;
    private long _fullLength;

    public long Length => _fullLength + _used;

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _page.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _page.AsSpan(_used);
    }

    /// <summary>Puts bytes in front of all others.</summary>
    public void Prepend(ReadOnlySpan<byte> bytes)
    {
        var page = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(page);
        _full.Insert(0, (page, bytes.Length));
        _fullLength += bytes.Length;
    }

    /// <summary>The pages in order; valid until the buffer is written to or disposed.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pages()
    {
        foreach (var (array, length) in _full)
            yield return array.AsMemory(0, length);
        if (_used > 0)
            yield return _page.AsMemory(0, _used);
    }

    public void Dispose()
    {
        foreach (var (array, _) in _full)
            ArrayPool<byte>.Shared.Return(array);
        _full.Clear();
        if (_page.Length > 0)
            ArrayPool<byte>.Shared.Return(_page);
        (_page, _used, _fullLength) = ([], 0, 0);
    }

    private void Ensure(int sizeHint)
    {
        if (_page.Length - _used >= Math.Max(sizeHint, 1))
            return;
        if (_used > 0)
        {
            _full.Add((_page, _used));
            _fullLength += _used;
        }
        else
        {
            ArrayPool<byte>.Shared.Return(_page);
        }

        _page = ArrayPool<byte>.Shared.Rent(Math.Max(sizeHint, PageSize));
        _used = 0;
    }
}
