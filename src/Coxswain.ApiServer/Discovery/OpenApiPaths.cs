using Coxswain.Api;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.OpenApi;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Discovery;

/// <summary>Serves /openapi/v2 and /openapi/v3, with tags by which clients see that nothing changed.</summary>
internal sealed class OpenApiPaths(OpenApiV2Document v2, OpenApiV3 v3) : IPathHandler
{
    private const string V3Prefix = "/openapi/v3";

    public async ValueTask<bool> TryHandleAsync(HttpContext context, ApiRequest request, CancellationToken cancellation)
    {
        var path = request.Info.Path.TrimEnd('/');
        if (path == "/openapi/v2")
        {
            CheckMethod(context);
            var accept = context.Request.Headers.Accept.ToString();
            var protobuf = WantsProtobuf(accept);
            if (!protobuf)
                CheckJson(accept);
            // Upstream of old sent these types; clients go by what they asked for.
            await WriteAsync(context, protobuf ? "application/octet-stream" : "text/plain; charset=utf-8", protobuf ? v2.Protobuf : v2.Json, v2.ETag, cancellation);
            return true;
        }

        if (path == V3Prefix)
        {
            CheckMethod(context);
            CheckJson(context.Request.Headers.Accept.ToString());
            await WriteAsync(context, OutputFormat.JsonType, v3.Index, null, cancellation);
            return true;
        }

        if (!path.StartsWith(V3Prefix + "/", StringComparison.Ordinal) || v3.Find(path[(V3Prefix.Length + 1)..]) is not { } document)
            return false;
        CheckMethod(context);
        CheckJson(context.Request.Headers.Accept.ToString());
        if (request.Query.Find("hash") is { Length: > 0 } hash)
        {
            if (hash != document.Hash)
            {
                context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
                context.Response.Headers.Location = $"{path}?hash={document.Hash}";
                return true;
            }

            // The address says what the content is, so it can be kept for ever.
            context.Response.Headers.CacheControl = "public, immutable";
            context.Response.Headers.Expires = "Thu, 31 Dec 2037 23:55:55 GMT";
        }

        await WriteAsync(context, OutputFormat.JsonType, document.Json, document.ETag, cancellation);
        return true;
    }

    private static bool WantsProtobuf(string accept)
    {
        foreach (var clause in MediaType.ParseAccept(accept))
        {
            var type = $"{clause.Type}/{clause.Subtype}";
            if (type is OpenApiV2Document.ProtobufMediaType or OpenApiV2Document.OlderProtobufMediaType)
                return true;
            if (type is "application/json" or "*/*")
                return false;
        }

        return false;
    }

    /// <exception cref="ApiException">406.</exception>
    private static void CheckJson(string accept)
    {
        if (accept.Length == 0)
            return;
        foreach (var clause in MediaType.ParseAccept(accept))
            if (clause.Type == "*" || (clause.Type == "application" && clause.Subtype is "json" or "*"))
                return;
        throw new ApiException(Statuses.NotAcceptableBecause("only the following media types are accepted: application/json"));
    }

    /// <exception cref="ApiException">405.</exception>
    private static void CheckMethod(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            throw new ApiException(Statuses.MethodNotAllowed());
    }

    private static async Task WriteAsync(HttpContext context, string contentType, ReadOnlyMemory<byte> bytes, string? tag, CancellationToken cancellation)
    {
        context.Response.Headers.Vary = "Accept";
        if (tag is not null)
        {
            context.Response.Headers.ETag = tag;
            if (context.Request.Headers.IfNoneMatch.ToString() == tag)
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }

        await ResponseWriter.WriteBytesAsync(context, 200, contentType, bytes, cancellation);
    }
}
