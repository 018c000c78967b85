using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Tables;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>Writes a watch: one JSON document per event, as chunks, HTTP/2 frames or WebSocket messages.</summary>
internal sealed class WatchWriter(ObjectTransformer transformer, TimeProvider clock)
{
    /// <summary>How long a client may take to answer the end of a WebSocket.</summary>
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);

    /// <summary>Events that are there together go out together, up to this size.</summary>
    private const int BatchSize = 32 * 1024;

    /// <summary>What a write to one watcher costs is worth this much waiting for more to write, for each of those who watch the kind.</summary>
    private static readonly TimeSpan PauseForEach = TimeSpan.FromMicroseconds(80);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(40);

    /// <summary>Shorter ones are not worth a timer.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(2);

    private readonly WatchFrames _frames = new(transformer);

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
        var batch = new List<byte[]>();
        var last = long.MinValue;
        while (await watch.Subscription.WaitToReadAsync(cancellation))
        {
            if (last != long.MinValue)
                await PauseAsync(watch.Registry.Cache, last, cancellation);
            last = clock.GetTimestamp();
            var size = 0;
            while (watch.Subscription.TryRead(out var next))
            {
                var frame = _frames.Get(watch.Registry, next, format, include, first);
                first = false;
                batch.Add(frame);
                size += frame.Length;
                if (size < BatchSize)
                    continue;
                await WriteAsync(body, batch, size, cancellation);
                size = 0;
            }

            if (size > 0)
                await WriteAsync(body, batch, size, cancellation);
        }
    }

    /// <summary>Lets events gather where many watch and much happens. What comes after a quiet while is sent at once.</summary>
    private async ValueTask PauseAsync(WatchCache cache, long last, CancellationToken cancellation)
    {
        var pause = PauseForEach * cache.Subscriptions;
        if (pause < ShortestPause)
            return;
        var left = (pause < LongestPause ? pause : LongestPause) - clock.GetElapsedTime(last);
        if (left > TimeSpan.Zero)
            await Task.Delay(left, clock, cancellation);
    }

    /// <summary>In one block: each block is encrypted and sent by itself.</summary>
    private static ValueTask<FlushResult> WriteAsync(PipeWriter body, List<byte[]> batch, int size, CancellationToken cancellation)
    {
        Gather(batch, body.GetSpan(size));
        body.Advance(size);
        batch.Clear();
        return body.FlushAsync(cancellation);
    }

    private static void Gather(List<byte[]> batch, Span<byte> room)
    {
        foreach (var frame in batch)
        {
            frame.CopyTo(room);
            room = room[frame.Length..];
        }
    }

    private async Task ToWebSocketAsync(
        HttpContext context, WatchResponse watch, OutputFormat format, IncludeObject include, CancellationToken cancellation)
    {
        using var socket = await WebSocketHandshake.AcceptAsync(context);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // Giving up a receive breaks the whole socket, so that reading ends only when all is said.
        using var stopReading = new CancellationTokenSource();
        var reading = DrainAsync(socket, gone, stopReading.Token);
        var first = true;
        try
        {
            while (await watch.Subscription.WaitToReadAsync(gone.Token))
            {
                while (watch.Subscription.TryRead(out var next))
                {
                    var frame = _frames.Get(watch.Registry, next, format, include, first);
                    first = false;
                    await socket.SendAsync(
                        frame.AsMemory(), format.Wire == WireFormat.Json ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, gone.Token);
                }
            }
        }
        catch (WebSocketException)
        {
            // The client is gone; nothing is left to be told.
        }
        finally
        {
            stopReading.CancelAfter(CloseGrace);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await CloseAsync(socket, stopReading.Token);
            await reading;
        }
    }

    private static async Task CloseAsync(WebSocket socket, CancellationToken cancellation)
    {
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", cancellation);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client is gone already.
        }
    }

    /// <summary>Reads what the client says, which is nothing but that it leaves.</summary>
    private static async Task DrainAsync(WebSocket socket, CancellationTokenSource gone, CancellationToken stop)
    {
        var buffer = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), stop)).MessageType != WebSocketMessageType.Close)
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
