using System.Globalization;
using Coxswain.ApiServer.Aggregation;
using Coxswain.ApiServer.CustomResources;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.OpenApi;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Discovery;

/// <summary>Serves /openapi/v2 and /openapi/v3, with tags by which clients see that nothing changed.</summary>
internal sealed class OpenApiPaths(CustomOpenApi documents, AggregatedApi aggregated, TimeProvider clock) : IPathHandler
{
    private const string V2Path = "/openapi/v2";
    private const string V3Path = "/openapi/v3";
    private const string V2Protobuf = "com.github.proto-openapi.spec.v2.v1.0+protobuf";
    private const string V2ProtobufOlder = "com.github.proto-openapi.spec.v2@v1.0+protobuf";
    private const string V3Protobuf = "com.github.proto-openapi.spec.v3.v1.0+protobuf";
    private const string V3ProtobufOlder = "com.github.proto-openapi.spec.v3@v1.0+protobuf";

    private MergedIndex? _index;

    private sealed record MergedIndex(OpenApiSnapshot Own, AggregatedGroups Others, PackedDocument Document);

    public async ValueTask<bool> TryHandleAsync(HttpContext context, ApiRequest request, CancellationToken cancellation)
    {
        var path = request.Info.Path.TrimEnd('/');
        if (!path.StartsWith("/openapi", StringComparison.Ordinal))
            return false;
        var snapshot = documents.Current;
        if (path == V2Path)
        {
            await WriteV2Async(context, snapshot.V2, cancellation);
            return true;
        }

        if (path == V3Path)
        {
            var index = Index(snapshot, aggregated.Current);
            await WriteAsync(context, OutputFormat.JsonType, index.Json, index.ETag, cancellation);
            return true;
        }

        if (!path.StartsWith(V3Path + "/", StringComparison.Ordinal))
            return false;
        var name = path[(V3Path.Length + 1)..];
        if (snapshot.Find(name) is not { } document)
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        else
            await WriteV3Async(context, name, document, request.Query.Find("hash"), cancellation);
        return true;
    }

    /// <summary>Where all documents of version 3 are, those of other servers among them.</summary>
    private PackedDocument Index(OpenApiSnapshot own, AggregatedGroups others)
    {
        if (others.IsEmpty)
            return own.Index;
        var last = Volatile.Read(ref _index);
        if (last is not null && ReferenceEquals(last.Own, own) && ReferenceEquals(last.Others, others))
            return last.Document;
        var paths = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in own.Paths)
            paths[path] = OpenApiSnapshot.Address(path, own.Find(path)!);
        foreach (var service in others.Services)
            foreach (var (path, address) in others.KnowledgeOf(service.GroupVersion).OpenApi)
                paths[path] = address;
        var document = new PackedDocument(writer => OpenApiSnapshot.WriteIndex(writer, paths), encode: null);
        Volatile.Write(ref _index, new(own, others, document));
        return document;
    }

    private static async Task WriteV2Async(HttpContext context, PackedDocument document, CancellationToken cancellation)
    {
        var accept = context.Request.Headers.Accept.ToString();
        context.Response.Headers.Vary = "Accept";
        switch (Choose(accept, V2ProtobufOlder, V2Protobuf))
        {
            // Clients of old ask in these very words, and were answered with these types; new ones ask for either form by several names.
            case "json":
                await WriteAsync(context, accept == OutputFormat.JsonType ? "text/plain; charset=utf-8" : OutputFormat.JsonType, document.Json, document.ETag, cancellation);
                break;
            case null:
                context.Response.StatusCode = StatusCodes.Status406NotAcceptable;
                break;
            default:
                await WriteAsync(context, accept == "application/" + V2ProtobufOlder ? "application/octet-stream" : "application/" + V2Protobuf,
                    document.Protobuf, document.ETag, cancellation);
                break;
        }
    }

    private async Task WriteV3Async(HttpContext context, string name, PackedDocument document, string? hash, CancellationToken cancellation)
    {
        var response = context.Response;
        response.Headers.Vary = "Accept";
        var form = Choose(context.Request.Headers.Accept.ToString(), V3Protobuf, V3ProtobufOlder);
        if (form is null)
        {
            response.StatusCode = StatusCodes.Status406NotAcceptable;
            return;
        }

        var isJson = form == "json";
        var contentType = isJson ? OutputFormat.JsonType : "application/" + V3Protobuf;
        if (hash is { Length: > 0 })
        {
            if (hash != document.Hash)
            {
                response.StatusCode = StatusCodes.Status301MovedPermanently;
                response.ContentType = contentType;
                response.Headers.ETag = document.ETag;
                response.Headers.Location = OpenApiSnapshot.Address(name, document);
                return;
            }

            // The address says what the content is, so it can be kept for ever.
            response.Headers.CacheControl = "public, immutable";
            response.Headers.Expires = clock.GetUtcNow().AddYears(1).ToString("R", CultureInfo.InvariantCulture);
        }

        await WriteAsync(context, contentType, isJson ? document.Json : document.Protobuf, document.ETag, cancellation);
    }

    /// <summary>The form that the client likes best: <c>json</c>, one of the names of the protobuf form, or null for neither.</summary>
    private static string? Choose(string accept, params ReadOnlySpan<string> protobuf)
    {
        foreach (var clause in MediaType.ParseAccept(accept.Length == 0 ? "*/*" : accept))
        {
            if (clause.Type is not ("application" or "*"))
                continue;
            if (clause.Subtype is "json" or "*")
                return "json";
            foreach (var name in protobuf)
                if (clause.Subtype == name)
                    return name;
        }

        return null;
    }

    private static async Task WriteAsync(HttpContext context, string contentType, PackedBytes bytes, string tag, CancellationToken cancellation)
    {
        var response = context.Response;
        response.Headers.ETag = tag;
        response.Headers.Append("Vary", "Accept-Encoding");
        if (Matches(context.Request.Headers.IfNoneMatch, tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = contentType;
        var packed = ResponseWriter.AcceptsGzip(context.Request);
        if (packed)
            response.Headers.ContentEncoding = "gzip";
        response.ContentLength = packed ? bytes.Gzip.Length : bytes.Length;
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        if (packed)
        {
            await response.Body.WriteAsync(bytes.Gzip, cancellation);
            return;
        }

        await using var unpacked = bytes.OpenUnpacked();
        await unpacked.CopyToAsync(response.Body, cancellation);
    }

    // Any of the tags, compared weakly (RFC 9110, 13.1.2).
    private static bool Matches(Microsoft.Extensions.Primitives.StringValues header, string tag)
    {
        foreach (var line in header)
            foreach (var one in (line ?? "").Split(','))
                if (one.AsSpan().Trim() is var known && (known is "*" || known.SequenceEqual(tag) || (known.StartsWith("W/") && known[2..].SequenceEqual(tag))))
                    return true;
        return false;
    }
}
