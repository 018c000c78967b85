using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Coxswain.ApiServer.Subresources;

namespace Coxswain.ApiServer.Tests.Subresources;

/// <summary>Frames as a kubelet reads and writes them.</summary>
public sealed class SpdyClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What is written goes to one place, what is read comes from another.</summary>
    private sealed class Wire(Stream incoming, Stream outgoing) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => outgoing.Flush();
        public override int Read(byte[] buffer, int offset, int count) => incoming.Read(buffer, offset, count);
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => incoming.ReadAsync(buffer, cancellationToken);
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => outgoing.Write(buffer, offset, count);
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => outgoing.WriteAsync(buffer, cancellationToken);
    }

    private static SpdyClient Client(byte[] incoming, MemoryStream written, int early = 0) =>
        new(new Wire(new MemoryStream(incoming[early..]), written), incoming.AsMemory(0, early));

    private static byte[] Data(int stream, string text, bool end)
    {
        var frame = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, stream);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), text.Length);
        frame[4] = end ? (byte)1 : (byte)0;
        Encoding.ASCII.GetBytes(text).CopyTo(frame, 8);
        return frame;
    }

    [Fact]
    public async Task Streams_are_opened_with_headers_that_inflate_one_after_the_other()
    {
        var written = new MemoryStream();
        using var client = Client([], written);
        await client.OpenAsync(1, "streamtype", "stdin", Cancellation);
        await client.OpenAsync(3, "streamtype", "stdout", Cancellation);
        var bytes = written.ToArray();
        var blocks = new Pipe();
        await using var inflater = new ZLibStream(blocks.Reader.AsStream(), CompressionMode.Decompress);
        var at = 0;
        foreach (var (stream, type) in new[] { (1, "stdin"), (3, "stdout") })
        {
            Assert.Equal((0x8003, 1), (BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at)), BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at + 2))));
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 4));
            Assert.Equal(stream, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8)));
            // Given out at once, before the next block is there.
            await blocks.Writer.WriteAsync(bytes.AsMemory(at + 18, length - 10), Cancellation);
            var plain = new byte[12 + "streamtype".Length + type.Length];
            await inflater.ReadExactlyAsync(plain, Cancellation);
            Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(plain));
            Assert.EndsWith(type, Encoding.ASCII.GetString(plain), StringComparison.Ordinal);
            Assert.Contains("streamtype", Encoding.ASCII.GetString(plain), StringComparison.Ordinal);
            at += 8 + length;
        }

        Assert.Equal(bytes.Length, at);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(30)]
    public async Task Data_and_ends_are_told_by_stream_pings_are_answered_and_the_rest_is_passed_over(int early)
    {
        byte[] ping = [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 2];
        byte[] reply = [0x80, 3, 0, 2, 0, 0, 0, 6, 0, 0, 0, 1, 9, 9];
        byte[] reset = [0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 1];
        var written = new MemoryStream();
        using var client = Client([.. reply, .. Data(3, "hello", end: false), .. ping, .. Data(3, "", end: true), .. Data(7, "done", end: true), .. reset], written, early);
        var seen = new List<(int, string, bool)>();
        while (await client.ReadAsync(Cancellation) is { } piece)
            seen.Add((piece.Stream, Encoding.ASCII.GetString(piece.Data.Span), piece.IsEnd));
        // What was read with the peer's answer may cut a piece in two.
        Assert.Equal("hello", string.Concat(seen.Where(s => s.Item1 == 3).Select(s => s.Item2)));
        Assert.Contains((3, "", true), seen);
        Assert.Equal("done", string.Concat(seen.Where(s => s.Item1 == 7).Select(s => s.Item2)));
        Assert.Equal((5, "", true), seen[^1]);
        Assert.Equal(ping, written.ToArray());
    }

    [Fact]
    public async Task The_peer_may_leave_at_any_time_and_a_frame_that_is_too_large_is_an_error()
    {
        var whole = Data(3, "hello", end: true);
        for (var cut = 0; cut < whole.Length; cut++)
        {
            using var client = Client(whole[..cut], new());
            var text = "";
            while (await client.ReadAsync(Cancellation) is { } piece)
                text += Encoding.ASCII.GetString(piece.Data.Span);
            Assert.StartsWith(text, "hello", StringComparison.Ordinal);
        }

        using var broken = Client([0x80, 3, 0, 4, 0, 0xFF, 0xFF, 0xFF], new());
        await Assert.ThrowsAsync<IOException>(async () => await broken.ReadAsync(Cancellation));
        using var leaving = Client([0x80, 3, 0, 7, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0], new());
        Assert.Null(await leaving.ReadAsync(Cancellation));
    }

    [Fact]
    public async Task Data_is_framed_with_its_stream_its_length_and_its_end()
    {
        var written = new MemoryStream();
        using var client = Client([], written);
        await client.SendAsync(1, "abc"u8.ToArray(), end: false, Cancellation);
        await client.SendAsync(1, default, end: true, Cancellation);
        Assert.Equal([.. Data(1, "abc", end: false), .. Data(1, "", end: true)], written.ToArray());
    }
}
