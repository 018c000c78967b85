using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Client;

/// <summary>Reads the frames of a watch: one JSON object a line.</summary>
internal static class WatchReader
{
    /// <summary>Far above any object a server may hold; a longer line is no watch.</summary>
    private const int LongestFrame = 64 * 1024 * 1024;

    public static async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(Stream stream, ObjectCodec codec,
        [EnumeratorCancellation] CancellationToken cancellation) where T : class, IMetadataObject
    {
        var pipe = PipeReader.Create(stream, new(bufferSize: 16 * 1024));
        try
        {
            while (true)
            {
                var result = await pipe.ReadAsync(cancellation).ConfigureAwait(false);
                var buffer = result.Buffer;
                while (TakeLine(ref buffer, out var line))
                {
                    if (line.Length > 1)
                        yield return ReadFrame<T>(line.IsSingleSegment ? line.FirstSpan : line.ToArray(), codec);
                }
                // Half a frame at the end of the stream is a connection that broke; the watch is resumed before it.
                if (result.IsCompleted)
                    yield break;
                if (buffer.Length > LongestFrame)
                    throw new DecodeException($"a frame of the watch is longer than {LongestFrame} bytes");
                pipe.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static bool TakeLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }
        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    internal static WatchEvent<T> ReadFrame<T>(ReadOnlySpan<byte> frame, ObjectCodec codec) where T : class, IMetadataObject
    {
        var type = "";
        var found = ReadOnlySpan<byte>.Empty;
        try
        {
            var reader = new Utf8JsonReader(frame);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals("type"u8);
                var isObject = reader.ValueTextEquals("object"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                if (isType)
                    type = reader.GetString() ?? "";
                reader.Skip();
                if (isObject)
                    found = frame[start..(int)reader.BytesConsumed];
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DecodeException("a frame of the watch is no JSON object: " + error.Message);
        }
        return type switch
        {
            "ADDED" => new(WatchEventType.Added, (T)codec.ReadJson(found, null)),
            "MODIFIED" => new(WatchEventType.Modified, (T)codec.ReadJson(found, null)),
            "DELETED" => new(WatchEventType.Deleted, (T)codec.ReadJson(found, null)),
            "BOOKMARK" => WatchEvent<T>.Bookmark(((T)codec.ReadJson(found, null)).Metadata.ResourceVersion),
            "ERROR" => throw new ApiException((Status)CodecTable.Find(Status.ResourceKind)!.ReadJson(found, null)),
            _ => throw new DecodeException($"a frame of the watch has the unknown type \"{type}\""),
        };
    }
}
