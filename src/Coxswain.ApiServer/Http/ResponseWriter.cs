using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>Writes answers in the form that was agreed on. Objects' bytes are copied, not made anew, wherever the form is JSON.</summary>
internal sealed class ResponseWriter(ObjectTransformer transformer)
{
    /// <summary>Smaller answers are not worth the time of compressing them; upstream's threshold.</summary>
    private const int GzipThreshold = 128 * 1024;

    public Task WriteAsync(HttpContext context, ApiResponse response, OutputFormat format, CancellationToken cancellation)
    {
        switch (response)
        {
            case ObjectResponse one when format is { Wire: WireFormat.Json, Transform: OutputTransform.None, Pretty: false }:
                return WriteJsonAsync(context, one.StatusCode, one.Object.Json, cancellation);
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

    private static async Task WriteJsonAsync(HttpContext context, int statusCode, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var response = context.Response;
        if (json.Length >= GzipThreshold && AcceptsGzip(context.Request))
        {
            await WriteBytesAsync(context, statusCode, OutputFormat.JsonType, json, cancellation);
            return;
        }

        response.StatusCode = statusCode;
        response.ContentType = OutputFormat.JsonType;
        response.ContentLength = json.Length + 1;
        var body = response.BodyWriter;
        body.Write(json.Span);
        body.Write("\n"u8);
        await body.FlushAsync(cancellation);
    }

    private static async Task WriteListAsync(HttpContext context, ListResponse list, CancellationToken cancellation)
    {
        var head = list.Registry.Head.Length;
        long size = 256;
        foreach (var item in list.Items)
            size += item.Json.Length - head + 2;
        var response = context.Response;
        response.StatusCode = 200;
        response.ContentType = OutputFormat.JsonType;
        if (size >= GzipThreshold && AcceptsGzip(context.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            using var chunk = new PooledBuffer(64 * 1024);
            WriteListHead(chunk, list);
            for (var i = 0; i < list.Items.Count; i++)
            {
                WriteItem(chunk, list.Items[i].Json.Span[head..], first: i == 0);
                if (chunk.Length < 48 * 1024)
                    continue;
                await gzip.WriteAsync(chunk.WrittenMemory, cancellation);
                chunk.Reset();
            }

            chunk.Write("]}\n"u8);
            await gzip.WriteAsync(chunk.WrittenMemory, cancellation);
            return;
        }

        var body = response.BodyWriter;
        WriteListHead(body, list);
        var pending = 0;
        for (var i = 0; i < list.Items.Count; i++)
        {
            var json = list.Items[i].Json;
            WriteItem(body, json.Span[head..], first: i == 0);
            pending += json.Length;
            if (pending < 64 * 1024)
                continue;
            // A client that reads slowly must not make the server hold the whole answer.
            await body.FlushAsync(cancellation);
            pending = 0;
        }

        body.Write("]}\n"u8);
        await body.FlushAsync(cancellation);
    }

    private static void WriteItem(IBufferWriter<byte> body, ReadOnlySpan<byte> members, bool first)
    {
        body.Write(first ? "{"u8 : ",{"u8);
        body.Write(members);
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
        json.WriteString("resourceVersion"u8, ResourceVersionText.Of(list.Revision));
        if (list.Continue.Length > 0)
            json.WriteString("continue"u8, list.Continue);
        if (list.Remaining is { } remaining)
            json.WriteNumber("remainingItemCount"u8, remaining);
        json.WriteEndObject();
    }

    private async Task WriteTransformedAsync(HttpContext context, ApiResponse response, OutputFormat format, CancellationToken cancellation)
    {
        using var buffer = new PooledBuffer(16 * 1024);
        switch (response)
        {
            case ObjectResponse one:
                transformer.WriteObject(buffer, one, format, context.Request.Query["includeObject"].ToString());
                break;
            case ListResponse list:
                transformer.WriteList(buffer, list, format, context.Request.Query["includeObject"].ToString());
                break;
            default:
                throw new InvalidOperationException($"{response.GetType().Name} cannot be written");
        }

        await WriteBytesAsync(context, response.StatusCode, format.ContentType, buffer.WrittenMemory, cancellation);
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
