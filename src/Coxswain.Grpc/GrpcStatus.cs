using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Coxswain.Grpc;

/// <summary>Turns what HTTP says of a finished call into gRPC's words (gRPC over HTTP/2, "Responses" and "HTTP2 Transport Mapping").</summary>
internal static class GrpcStatus
{
    /// <summary>Throws unless the headers are those of a gRPC answer. An answer without body carries its status right here.</summary>
    public static void CheckHeaders(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw new GrpcException(FromHttp(response.StatusCode), $"the server answered HTTP {(int)response.StatusCode}");

        var type = response.Content.Headers.ContentType?.MediaType;
        if (type is null || !type.StartsWith("application/grpc", StringComparison.Ordinal))
            throw new GrpcException(GrpcStatusCode.Unknown, $"the server does not speak gRPC: its answer has the type '{type}'");

        if (Find(response.Headers) is { } failure)
            throw failure;
    }

    /// <summary>Throws unless the trailers, complete only after the body was read to its end, say OK.</summary>
    public static void CheckTrailers(HttpResponseMessage response)
    {
        if (Find(response.TrailingHeaders) is { } failure)
            throw failure;
        if (!response.TrailingHeaders.Contains("grpc-status") && !response.Headers.Contains("grpc-status"))
            throw new GrpcException(GrpcStatusCode.Internal, "the answer ended without a status");
    }

    /// <summary>A failure of the transport as a gRPC failure.</summary>
    public static GrpcException FromTransport(Exception e) => e switch
    {
        GrpcException grpc => grpc,
        HttpProtocolException { ErrorCode: 0x7 } => new(GrpcStatusCode.Unavailable, "the server refused the stream", e),
        HttpProtocolException { ErrorCode: 0x8 } => new(GrpcStatusCode.Cancelled, "the server cancelled the stream", e),
        HttpProtocolException { ErrorCode: 0xb } => new(GrpcStatusCode.ResourceExhausted, "the server asks for less", e),
        HttpProtocolException { ErrorCode: 0xc } => new(GrpcStatusCode.PermissionDenied, "the server refuses this security", e),
        HttpProtocolException => new(GrpcStatusCode.Internal, e.Message, e),
        HttpRequestException { InnerException: HttpProtocolException inner } => FromTransport(inner),
        HttpIOException { InnerException: HttpProtocolException inner } => FromTransport(inner),
        HttpRequestException { InnerException: { } inner } => new(GrpcStatusCode.Unavailable, inner.Message, e),
        _ => new(GrpcStatusCode.Unavailable, e.Message, e),
    };

    private static GrpcException? Find(HttpHeaders headers)
    {
        if (!headers.TryGetValues("grpc-status", out var values))
            return null;

        var text = values.First();
        var message = headers.TryGetValues("grpc-message", out var messages) ? Uri.UnescapeDataString(messages.First()) : "";
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return new(GrpcStatusCode.Unknown, $"the server sent the status '{text}'");
        if (number == 0)
            return null;
        return new(number <= (int)GrpcStatusCode.Unauthenticated ? (GrpcStatusCode)number : GrpcStatusCode.Unknown, message);
    }

    private static GrpcStatusCode FromHttp(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => GrpcStatusCode.Internal,
        HttpStatusCode.Unauthorized => GrpcStatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => GrpcStatusCode.PermissionDenied,
        HttpStatusCode.NotFound => GrpcStatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
            => GrpcStatusCode.Unavailable,
        _ => GrpcStatusCode.Unknown,
    };
}
