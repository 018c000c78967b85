using System.Buffers;
using System.Net.WebSockets;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Tables;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>Writes a watch: one JSON document per event, as chunks, HTTP/2 frames or WebSocket messages.</summary>
internal sealed class WatchWriter(ObjectTransformer transformer, TimeProvider clock)
{
    /// <summary>Events that are there together go out together, up to this size.</summary>
    private const int BatchSize = 32 * 1024;

    public async Task WriteAsync(HttpContext context, WatchResponse watch, OutputFormat format, CancellationToken cancellation)
    {
        using var subscription = watch.Subscription;
        using var timeout = new CancellationTokenSource(watch.Timeout, clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            var include = format.Transform == OutputTransform.Table ? ObjectTransformer.Include(context.Request.Query["includeObject"].ToString()) : default;
            if (WebSocketHandshake.IsRequested(context))
                await ToWebSocketAsync(context, watch, format, include, ended.Token);
            else
                await ToBodyAsync(context.Response, watch, format, include, ended.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // The time is over: the stream ends as every watch does.
        }
    }

    /// <summary>A watch that cannot start: a stream with the error as its only event.</summary>
    public static async Task WriteErrorAsync(HttpContext context, Status status, OutputFormat format, CancellationToken cancellation)
    {
        Begin(context.Response, format);
        var body = context.Response.BodyWriter;
        WriteError(body, status, format);
        await body.FlushAsync(cancellation);
    }

    private async Task ToBodyAsync(HttpResponse response, WatchResponse watch, OutputFormat format, IncludeObject include, CancellationToken cancellation)
    {
        Begin(response, format);
        await response.StartAsync(cancellation);
        var body = response.BodyWriter;
        await body.FlushAsync(cancellation);

        var first = true;
        while (await watch.Subscription.WaitToReadAsync(cancellation))
        {
            var pending = 0;
            while (watch.Subscription.TryRead(out var next))
            {
                WriteEvent(body, watch.Registry, next, format, include, first);
                first = false;
                pending += next.Object.JsonLength;
                if (pending < BatchSize)
                    continue;
                await body.FlushAsync(cancellation);
                pending = 0;
            }

            if (pending > 0)
                await body.FlushAsync(cancellation);
        }
    }

    private async Task ToWebSocketAsync(
        HttpContext context, WatchResponse watch, OutputFormat format, IncludeObject include, CancellationToken cancellation)
    {
        using var socket = await WebSocketHandshake.AcceptAsync(context);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = DrainAsync(socket, gone);
        using var message = new PooledBuffer();
        var first = true;
        try
        {
            while (await watch.Subscription.WaitToReadAsync(gone.Token))
            {
                while (watch.Subscription.TryRead(out var next))
                {
                    message.Reset();
                    WriteEvent(message, watch.Registry, next, format, include, first);
                    first = false;
                    await socket.SendAsync(
                        message.WrittenMemory, format.Wire == WireFormat.Json ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, gone.Token);
                }
            }
        }
        catch (WebSocketException)
        {
            // The client is gone; nothing is left to be told.
        }
        finally
        {
            if (socket.State == WebSocketState.Open)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
            await gone.CancelAsync();
            await reading;
        }
    }

    /// <summary>Reads what the client says, which is nothing but that it leaves.</summary>
    private static async Task DrainAsync(WebSocket socket, CancellationTokenSource gone)
    {
        var buffer = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), gone.Token)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // As good as a close.
        }

        await gone.CancelAsync();
    }

    private static void Begin(HttpResponse response, OutputFormat format)
    {
        response.StatusCode = 200;
        response.ContentType = format.StreamContentType;
    }

    private void WriteEvent(
        IBufferWriter<byte> output, ResourceRegistry registry, in WatchCacheEvent next, OutputFormat format, IncludeObject include, bool first)
    {
        var bookmark = next.Type == WatchCacheEventType.Bookmark;
        if (format.Wire == WireFormat.Protobuf)
        {
            using var document = new PooledBuffer();
            transformer.WriteWatched(document, registry, next.Object, format, include, first, bookmark);
            ProtobufWatchEvent.Write(output, next.Type switch
            {
                WatchCacheEventType.Added => "ADDED",
                WatchCacheEventType.Modified => "MODIFIED",
                WatchCacheEventType.Deleted => "DELETED",
                _ => "BOOKMARK",
            }, document.WrittenSpan);
            return;
        }

        output.Write(next.Type switch
        {
            WatchCacheEventType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
            WatchCacheEventType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
            WatchCacheEventType.Deleted => "{\"type\":\"DELETED\",\"object\":"u8,
            _ => "{\"type\":\"BOOKMARK\",\"object\":"u8,
        });
        transformer.WriteWatched(output, registry, next.Object, format, include, first, bookmark);
        output.Write("}\n"u8);
    }

    private static void WriteError(IBufferWriter<byte> output, Status status, OutputFormat format)
    {
        var codec = CodecTable.Find(((IKubernetesObject)status).GroupVersionKind)!;
        if (format.Wire == WireFormat.Protobuf)
        {
            ProtobufWatchEvent.Write(output, "ERROR", ProtobufEnvelope.ToBytes(codec, status));
            return;
        }

        output.Write("{\"type\":\"ERROR\",\"object\":"u8);
        output.Write(codec.ToJson(status));
        output.Write("}\n"u8);
    }
}
