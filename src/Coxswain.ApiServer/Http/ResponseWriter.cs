using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>Writes answers in the form that was agreed on. Objects' bytes are copied, not made anew, wherever the form is JSON.</summary>
internal sealed class ResponseWriter(ObjectTransformer transformer)
{
    /// <summary>Smaller answers are not worth the time of compressing them; upstream's threshold.</summary>
    private const int GzipThreshold = 128 * 1024;

    /// <summary>How much of a long answer is handed to the connection at once.</summary>
    private const int Block = 64 * 1024;

    public Task WriteAsync(HttpContext context, ApiResponse response, OutputFormat format, CancellationToken cancellation)
    {
        switch (response)
        {
            case ObjectResponse one when format is { Wire: WireFormat.Json, Transform: OutputTransform.None, Pretty: false }:
                return WriteJsonAsync(context, one.StatusCode, one.Object, cancellation);
            case ListResponse list when format is { Wire: WireFormat.Json, Transform: OutputTransform.None, Pretty: false }:
                return WriteListAsync(context, list, cancellation);
            case DocumentResponse document:
                return WriteDocumentAsync(context, document.StatusCode, document.Document, format, cancellation);
            default:
                return WriteTransformedAsync(context, response, format, cancellation);
        }
    }

    public static async Task WriteDocumentAsync(
        HttpContext context, int statusCode, IKubernetesObject document, OutputFormat format, CancellationToken cancellation)
    {
        using var buffer = new PooledBuffer();
        ObjectTransformer.WriteDocument(buffer, document, format);
        await WriteBytesAsync(context, statusCode, format.ContentType, buffer.WrittenMemory, cancellation);
    }

    public static Task WriteStatusAsync(HttpContext context, Status status, OutputFormat format, CancellationToken cancellation)
    {
        if (status.Details is { RetryAfterSeconds: > 0 and var seconds })
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return WriteDocumentAsync(context, status.Code == 0 ? 500 : status.Code, status, format, cancellation);
    }

    public static Task WriteTextAsync(HttpContext context, int statusCode, string text, CancellationToken cancellation) =>
        WriteBytesAsync(context, statusCode, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text), cancellation);

    private static async Task WriteJsonAsync(HttpContext context, int statusCode, CachedObject cached, CancellationToken cancellation)
    {
        var response = context.Response;
        if (cached.JsonLength >= GzipThreshold && AcceptsGzip(context.Request))
        {
            await WriteBytesAsync(context, statusCode, OutputFormat.JsonType, cached.Json, cancellation);
            return;
        }

        response.StatusCode = statusCode;
        response.ContentType = OutputFormat.JsonType;
        response.ContentLength = cached.JsonLength + 1;
        var body = response.BodyWriter;
        var room = body.GetSpan(cached.JsonLength + 1);
        room[cached.CopyTo(room)] = (byte)'\n';
        body.Advance(cached.JsonLength + 1);
        await body.FlushAsync(cancellation);
    }

    private static async Task WriteListAsync(HttpContext context, ListResponse list, CancellationToken cancellation)
    {
        var skip = list.Registry.Head.Length;
        using var head = new PooledBuffer();
        WriteListHead(head, list);
        long size = head.Length + Math.Max(0, list.Items.Count - 1) + "]}\n".Length;
        foreach (var item in list.Items)
            size += item.JsonLength - skip + 1;
        var response = context.Response;
        response.StatusCode = 200;
        response.ContentType = OutputFormat.JsonType;
        if (size >= GzipThreshold && AcceptsGzip(context.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            using var chunk = new PooledBuffer(Block);
            chunk.Write(head.WrittenSpan);
            for (var i = 0; i < list.Items.Count; i++)
            {
                chunk.Advance(WriteItem(chunk.GetSpan(list.Items[i].JsonLength + 1), list.Items[i], skip, first: i == 0));
                if (chunk.Length < Block / 2)
                    continue;
                await gzip.WriteAsync(chunk.WrittenMemory, cancellation);
                chunk.Reset();
            }

            chunk.Write("]}\n"u8);
            await gzip.WriteAsync(chunk.WrittenMemory, cancellation);
            return;
        }

        // The objects' bytes go from the cache to the connection, a block at a time: what a client reads slowly waits in the cache.
        response.ContentLength = size;
        var body = response.BodyWriter;
        var room = body.GetMemory((int)Math.Min(size, Math.Max(Block, head.Length)));
        var used = head.Length;
        head.WrittenSpan.CopyTo(room.Span);
        for (var i = 0; i < list.Items.Count; i++)
        {
            var item = list.Items[i];
            if (used + item.JsonLength + 1 > room.Length)
            {
                body.Advance(used);
                size -= used;
                await body.FlushAsync(cancellation);
                room = body.GetMemory((int)Math.Min(size, Math.Max(Block, item.JsonLength + 1)));
                used = 0;
            }

            used += WriteItem(room.Span[used..], item, skip, first: i == 0);
        }

        body.Advance(used);
        body.Write("]}\n"u8);
        await body.FlushAsync(cancellation);
    }

    /// <summary>An object as a member of a list, where it says neither kind nor apiVersion.</summary>
    private static int WriteItem(Span<byte> room, CachedObject item, int skip, bool first)
    {
        var start = 0;
        if (!first)
            room[start++] = (byte)',';
        room[start++] = (byte)'{';
        return start + item.CopyTo(room[start..], skip);
    }

    internal static void WriteListHead(IBufferWriter<byte> body, ListResponse list)
    {
        var descriptor = list.Registry.Descriptor;
        using var json = new Utf8JsonWriter(body, ObjectCodec.WriterOptions);
        json.WriteStartObject();
        json.WriteString("kind"u8, descriptor.ListKind);
        json.WriteString("apiVersion"u8, descriptor.Kind.ApiVersion);
        WriteListMeta(json, list);
        json.WriteStartArray("items"u8);
        json.Flush();
    }

    internal static void WriteListMeta(Utf8JsonWriter json, ListResponse list)
    {
        json.WriteStartObject("metadata"u8);
        if (list.Revision != 0)
            json.WriteString("resourceVersion"u8, ResourceVersionText.Of(list.Revision));
        if (list.Continue.Length > 0 || list.Registry.IsCustom)
            json.WriteString("continue"u8, list.Continue);
        if (list.Remaining is { } remaining)
            json.WriteNumber("remainingItemCount"u8, remaining);
        json.WriteEndObject();
    }

    private async Task WriteTransformedAsync(HttpContext context, ApiResponse response, OutputFormat format, CancellationToken cancellation)
    {
        var include = context.Request.Query["includeObject"].ToString();
        switch (response)
        {
            case ObjectResponse one:
                using (var buffer = new PooledBuffer(16 * 1024))
                {
                    transformer.WriteObject(buffer, one, format, include);
                    await WriteBytesAsync(context, response.StatusCode, format.ContentType, buffer.WrittenMemory, cancellation);
                }

                break;
            case ListResponse list:
                using (var pages = new PagedBuffer())
                {
                    transformer.WriteList(pages, list, format, include);
                    if (format.ContentType == OutputFormat.JsonType)
                        pages.Write("\n"u8);
                    await WritePagesAsync(context, response.StatusCode, format.ContentType, pages, cancellation);
                }

                break;
            default:
                throw new InvalidOperationException($"{response.GetType().Name} cannot be written");
        }
    }

    private static async Task WritePagesAsync(
        HttpContext context, int statusCode, string contentType, PagedBuffer pages, CancellationToken cancellation)
    {
        var response = context.Response;
        response.StatusCode = statusCode;
        response.ContentType = contentType;
        if (pages.Length >= GzipThreshold && AcceptsGzip(context.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            foreach (var page in pages.Pages())
                await gzip.WriteAsync(page, cancellation);
            return;
        }

        response.ContentLength = pages.Length;
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        foreach (var page in pages.Pages())
            await response.Body.WriteAsync(page, cancellation);
    }

    internal static async Task WriteBytesAsync(
        HttpContext context, int statusCode, string contentType, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var response = context.Response;
        response.StatusCode = statusCode;
        response.ContentType = contentType;
        var newline = contentType == OutputFormat.JsonType && (bytes.IsEmpty || bytes.Span[^1] != (byte)'\n');
        if (bytes.Length >= GzipThreshold && AcceptsGzip(context.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(bytes, cancellation);
            if (newline)
                await gzip.WriteAsync("\n"u8.ToArray(), cancellation);
            return;
        }

        response.ContentLength = bytes.Length + (newline ? 1 : 0);
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        var body = response.BodyWriter;
        body.Write(bytes.Span);
        if (newline)
            body.Write("\n"u8);
        await body.FlushAsync(cancellation);
    }

    internal static bool AcceptsGzip(HttpRequest request)
    {
        foreach (var line in request.Headers.AcceptEncoding)
            foreach (var coding in (line ?? "").Split(','))
                if (coding.AsSpan().Trim() is "gzip")
                    return true;
        return false;
    }
}
