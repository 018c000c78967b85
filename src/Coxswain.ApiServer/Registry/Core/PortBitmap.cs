namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Which ports of a range are taken, in the form of upstream's RangeAllocation: a big number, most significant byte first,
/// whose lowest bit is the first port.</summary>
internal sealed class PortBitmap
{
    private readonly PortRange _range;
    private readonly byte[] _bytes;

    public PortBitmap(PortRange range)
    {
        _range = range;
        _bytes = new byte[(range.Last - range.First + 8) / 8];
    }

    private PortBitmap(PortRange range, byte[] bytes) => (_range, _bytes) = (range, bytes);

    public static PortBitmap Read(PortRange range, ReadOnlySpan<byte> data)
    {
        var bitmap = new PortBitmap(range);
        // Leading zeros are not written.
        data = data.Length > bitmap._bytes.Length ? data[^bitmap._bytes.Length..] : data;
        data.CopyTo(bitmap._bytes.AsSpan(bitmap._bytes.Length - data.Length));
        return bitmap;
    }

    public bool this[int port] => (_bytes[Byte(port)] & Bit(port)) != 0;

    public PortBitmap Copy() => new(_range, [.. _bytes]);

    /// <returns>Whether it was free.</returns>
    public bool Take(int port)
    {
        if (!_range.Contains(port) || this[port])
            return false;
        _bytes[Byte(port)] |= Bit(port);
        return true;
    }

    /// <returns>Whether it was taken.</returns>
    public bool Release(int port)
    {
        if (!_range.Contains(port) || !this[port])
            return false;
        _bytes[Byte(port)] &= (byte)~Bit(port);
        return true;
    }

    public IEnumerable<int> Taken()
    {
        for (var port = _range.First; port <= _range.Last; port++)
            if (this[port])
                yield return port;
    }

    public ReadOnlySpan<byte> Data => _bytes.AsSpan().TrimStart((byte)0);

    private int Byte(int port) => _bytes.Length - 1 - ((port - _range.First) / 8);

    private byte Bit(int port) => (byte)(1 << ((port - _range.First) % 8));
}
