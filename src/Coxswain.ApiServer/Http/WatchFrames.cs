using Coxswain.Api;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Tables;

namespace Coxswain.ApiServer.Http;

/// <summary>The events of watches as they go on the wire: each is made once for all watchers that want the same form.</summary>
/// <remarks>Only the latest are kept, as watchers that keep up all want them at about the same time; one that is made again is merely
/// made again. Safe for concurrent use.</remarks>
internal sealed class WatchFrames(ObjectTransformer transformer)
{
    private const int Size = 512;

    private readonly Frame?[] _frames = new Frame?[Size];

    /// <param name="first">The first event of its watch: as a table it carries the columns.</param>
    public byte[] Get(ResourceRegistry registry, in WatchCacheEvent next, OutputFormat format, IncludeObject include, bool first)
    {
        if (first && format.Transform == OutputTransform.Table)
            return Make(registry, next, format, include, first: true);
        ref var place = ref _frames[(uint)HashCode.Combine(next.Revision, next.Type, format.Wire, format.Transform, include) % Size];
        if (place is { } frame && frame.Is(next, format, include))
            return frame.Bytes;
        var made = new Frame(next.Object, next.Type, format, include, Make(registry, next, format, include, first: false));
        place = made;
        return made.Bytes;
    }

    private byte[] Make(ResourceRegistry registry, in WatchCacheEvent next, OutputFormat format, IncludeObject include, bool first)
    {
        using var buffer = new PooledBuffer(next.Object.JsonLength + 64);
        var bookmark = next.Type == WatchCacheEventType.Bookmark;
        if (format.Wire == WireFormat.Protobuf)
        {
            using var document = new PooledBuffer();
            transformer.WriteWatched(document, registry, next.Object, format, include, first, bookmark);
            ProtobufWatchEvent.Write(buffer, next.Type switch
            {
                WatchCacheEventType.Added => "ADDED",
                WatchCacheEventType.Modified => "MODIFIED",
                WatchCacheEventType.Deleted => "DELETED",
                _ => "BOOKMARK",
            }, document.WrittenSpan);
        }
        else
        {
            buffer.Write(next.Type switch
            {
                WatchCacheEventType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
                WatchCacheEventType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
                WatchCacheEventType.Deleted => "{\"type\":\"DELETED\",\"object\":"u8,
                _ => "{\"type\":\"BOOKMARK\",\"object\":"u8,
            });
            transformer.WriteWatched(buffer, registry, next.Object, format, include, first, bookmark);
            buffer.Write("}\n"u8);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private sealed record Frame(CachedObject Object, WatchCacheEventType Type, OutputFormat Format, IncludeObject Include, byte[] Bytes)
    {
        public bool Is(in WatchCacheEvent next, OutputFormat format, IncludeObject include) =>
            ReferenceEquals(Object, next.Object) && Type == next.Type && Include == include && Format.Equals(format);
    }
}
