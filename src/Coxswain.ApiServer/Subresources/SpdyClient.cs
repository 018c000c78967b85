using System.Buffers.Binary;
using System.Text;

namespace Coxswain.ApiServer.Subresources;

/// <summary>A piece of what a stream said.</summary>
/// <param name="Data">Good until the next read.</param>
/// <param name="IsEnd">The stream says nothing more.</param>
internal readonly record struct SpdyPiece(int Stream, ReadOnlyMemory<byte> Data, bool IsEnd);

/// <summary>The client's side of SPDY/3.1 (draft 3.1, section 2.6), as far as kubelets speak it: streams that are opened with one header, data, and ends.</summary>
/// <remarks>One reader at a time; writers may be many. Flow control is not part of what kubelets do. The stream stays its owner's.</remarks>
internal sealed class SpdyClient(Stream peer, ReadOnlyMemory<byte> alreadyRead) : IDisposable
{
    private const int FrameHeader = 8;
    private const byte Fin = 1;
    private const int LargestControlFrame = 64 * 1024;

    private enum Control
    {
        SynStream = 1,
        RstStream = 3,
        Ping = 6,
        GoAway = 7,
    }

    private readonly SemaphoreSlim _writing = new(1);
    private readonly byte[] _piece = new byte[32 * 1024];
    private ReadOnlyMemory<byte> _early = alreadyRead;
    private bool _compressionBegun;
    private int _dataLeft;
    private int _dataStream;
    private bool _dataEnds;

    /// <summary>Opens a stream; the caller chooses its number: odd, and greater than those before.</summary>
    public async Task OpenAsync(int stream, string name, string value, CancellationToken cancellation)
    {
        var block = HeaderBlock(name, value);
        var frame = new byte[FrameHeader + 10 + block.Length];
        WriteControlHeader(frame, Control.SynStream, 10 + block.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(FrameHeader), stream);
        block.CopyTo(frame.AsSpan(FrameHeader + 10));
        await WriteAsync(frame, cancellation);
    }

    public async Task SendAsync(int stream, ReadOnlyMemory<byte> data, bool end, CancellationToken cancellation)
    {
        var frame = new byte[FrameHeader + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, stream);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), data.Length);
        frame[4] = end ? Fin : (byte)0;
        data.CopyTo(frame.AsMemory(FrameHeader));
        await WriteAsync(frame, cancellation);
    }

    /// <summary>The next piece of any stream; null when the peer has ended the connection.</summary>
    /// <exception cref="IOException">The peer broke the connection or the protocol.</exception>
    public async ValueTask<SpdyPiece?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_dataLeft > 0)
            {
                var read = await ReadSomeAsync(_piece.AsMemory(0, Math.Min(_dataLeft, _piece.Length)), cancellation);
                if (read == 0)
                    return null;
                _dataLeft -= read;
                return new(_dataStream, _piece.AsMemory(0, read), _dataEnds && _dataLeft == 0);
            }

            var header = new byte[FrameHeader];
            if (!await FillAsync(header, cancellation))
                return null;
            var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)) & 0xFFFFFF;
            if ((header[0] & 0x80) == 0)
            {
                (_dataStream, _dataEnds, _dataLeft) = (BinaryPrimitives.ReadInt32BigEndian(header), (header[4] & Fin) != 0, length);
                if (length == 0 && _dataEnds)
                    return new(_dataStream, default, IsEnd: true);
                continue;
            }

            if (length > LargestControlFrame)
                throw new IOException("the backend sent a control frame that is too large");
            var body = new byte[length];
            if (!await FillAsync(body, cancellation))
                return null;
            switch ((Control)BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)))
            {
                case Control.RstStream when length >= 4:
                    return new(BinaryPrimitives.ReadInt32BigEndian(body) & int.MaxValue, default, IsEnd: true);
                case Control.Ping:
                    await WriteAsync((byte[])[.. header, .. body], cancellation);
                    break;
                case Control.GoAway:
                    return null;
            }
        }
    }

    public void Dispose() => _writing.Dispose();

    private async Task WriteAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            await peer.WriteAsync(frame, cancellation);
            await peer.FlushAsync(cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }

    private static void WriteControlHeader(Span<byte> frame, Control type, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(frame, 0x8003);
        BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)type);
        BinaryPrimitives.WriteInt32BigEndian(frame[4..], length);
    }

    /// <summary>One name and value (2.6.10) as part of the connection's one zlib stream: a block that is only stored, and an empty one behind it, which makes
    /// the reader give out what it has (RFC 1951, 3.2.4). So no dictionary is needed.</summary>
    private byte[] HeaderBlock(string name, string value)
    {
        var (nameBytes, valueBytes) = (Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        var plain = new byte[12 + nameBytes.Length + valueBytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(plain, 1);
        BinaryPrimitives.WriteInt32BigEndian(plain.AsSpan(4), nameBytes.Length);
        nameBytes.CopyTo(plain.AsSpan(8));
        BinaryPrimitives.WriteInt32BigEndian(plain.AsSpan(8 + nameBytes.Length), valueBytes.Length);
        valueBytes.CopyTo(plain.AsSpan(12 + nameBytes.Length));
        ReadOnlySpan<byte> begin = _compressionBegun ? [] : [0x78, 0x01];
        _compressionBegun = true;
        var length = (ushort)plain.Length;
        return [.. begin, 0, (byte)length, (byte)(length >> 8), (byte)~length, (byte)(~length >> 8), .. plain, 0, 0, 0, 0xFF, 0xFF];
    }

    private async ValueTask<bool> FillAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (buffer.Length > 0)
        {
            var read = await ReadSomeAsync(buffer, cancellation);
            if (read == 0)
                return false;
            buffer = buffer[read..];
        }

        return true;
    }

    private ValueTask<int> ReadSomeAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_early.Length == 0)
            return peer.ReadAsync(buffer, cancellation);
        var take = Math.Min(_early.Length, buffer.Length);
        _early[..take].CopyTo(buffer);
        _early = _early[take..];
        return new(take);
    }
}
