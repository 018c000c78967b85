using System.Net;

namespace Coxswain.Node.Server;

/// <summary>A request that is answered with a status and a sentence.</summary>
internal sealed class KubeletApiException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;

    public static KubeletApiException BadRequest(string message) => new(HttpStatusCode.BadRequest, message);

    public static KubeletApiException NotFound(string message) => new(HttpStatusCode.NotFound, message);
}
