using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Bytes that are kept compressed, which is how nearly every client takes them.</summary>
/// <param name="Length">Their length when they are not.</param>
internal sealed record PackedBytes(byte[] Gzip, int Length)
{
    public static PackedBytes Of(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(bytes);
        return new(packed.ToArray(), bytes.Length);
    }

    public byte[] Unpack()
    {
        var bytes = new byte[Length];
        using var gzip = OpenUnpacked();
        gzip.ReadExactly(bytes);
        return bytes;
    }

    public Stream OpenUnpacked() => new GZipStream(new MemoryStream(Gzip, writable: false), CompressionMode.Decompress);
}

/// <summary>A document in both its forms, each made when first asked for and then kept.</summary>
/// <remarks>Thread safe.</remarks>
internal sealed class PackedDocument
{
    private readonly Lazy<(PackedBytes Bytes, string Hash)> _json;
    private readonly Lazy<PackedBytes> _protobuf;

    /// <param name="write">Writes the JSON form.</param>
    /// <param name="encode">Makes the protobuf form out of it; null where there is none.</param>
    public PackedDocument(Action<Utf8JsonWriter> write, Action<ProtobufWriter, JsonElement>? encode)
    {
        _json = new(() => Pack(write));
        _protobuf = new(() => Encode(encode ?? throw new InvalidOperationException("the document has no protobuf form")));
    }

    public PackedBytes Json => _json.Value.Bytes;

    public PackedBytes Protobuf => _protobuf.Value;

    /// <summary>Changes with the content. Both forms have the same, as upstream's have.</summary>
    public string Hash => _json.Value.Hash;

    /// <summary>The hash in quotes, as the header has it.</summary>
    public string ETag => $"\"{Hash}\"";

    private static (PackedBytes Bytes, string Hash) Pack(Action<Utf8JsonWriter> write)
    {
        using var buffer = new PackingBuffer();
        using (var writer = new Utf8JsonWriter(buffer, ObjectCodec.WriterOptions))
            write(writer);
        return buffer.Finish();
    }

    private PackedBytes Encode(Action<ProtobufWriter, JsonElement> encode)
    {
        using var document = JsonDocument.Parse(Json.Unpack());
        var writer = new ProtobufWriter();
        encode(writer, document.RootElement);
        return PackedBytes.Of(writer.Written);
    }

    /// <summary>Hashes and compresses what is written, a part at a time, so that a document of megabytes is never whole in memory.</summary>
    private sealed class PackingBuffer : IBufferWriter<byte>, IDisposable
    {
        private const int Part = 64 * 1024;

        private readonly MemoryStream _packed = new();
        private readonly GZipStream _gzip;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        private readonly PooledBuffer _part = new(2 * Part);
        private int _length;

        public PackingBuffer() => _gzip = new(_packed, CompressionLevel.Optimal, leaveOpen: true);

        public void Advance(int count)
        {
            _part.Advance(count);
            if (_part.Length >= Part)
                Flush();
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _part.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => _part.GetSpan(sizeHint);

        public (PackedBytes Bytes, string Hash) Finish()
        {
            Flush();
            _gzip.Dispose();
            return (new(_packed.ToArray(), _length), Convert.ToHexString(_hash.GetHashAndReset()));
        }

        public void Dispose()
        {
            _gzip.Dispose();
            _packed.Dispose();
            _hash.Dispose();
            _part.Dispose();
        }

        private void Flush()
        {
            _gzip.Write(_part.WrittenSpan);
            _hash.AppendData(_part.WrittenSpan);
            _length += _part.Length;
            _part.Reset();
        }
    }
}
