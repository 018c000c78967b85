using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>Reads a request's body into one array of its exact size.</summary>
internal static class BodyReader
{
    /// <summary>Upstream's limit of a body, before decompression and after.</summary>
    public const int Limit = 3 * 1024 * 1024;

    /// <summary>Null: the body is larger than the limit.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength is { } stated)
        {
            if (stated > Limit)
                return null;
            if (stated == 0)
                return ReadOnlyMemory<byte>.Empty;
        }

        var reader = request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(cancellation);
            if (result.Buffer.Length > Limit)
            {
                reader.AdvanceTo(result.Buffer.End);
                return null;
            }

            if (result.IsCompleted)
            {
                var body = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return body;
            }

            // Nothing consumed, everything seen: the pipe keeps what is there until the whole body is.
            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
