using System.Net.Http.Headers;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Passes an ordinary HTTP request on and streams the answer back.</summary>
internal sealed class StreamProxy : IDisposable
{
    private static readonly string[] HopByHop =
        ["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"];

    // One pool of connections per identity: kubelets with our certificate, and all others without.
    private readonly ConcurrentDictionary<bool, HttpMessageInvoker> _invokers = new();

    /// <summary>Sends the request as it is, but for the headers that are ours or the connection's.</summary>
    /// <exception cref="HttpRequestException">The peer cannot be reached. Nothing was answered yet.</exception>
    /// <param name="invoker">Whose connections to use; null: this object's.</param>
    public async Task RunAsync(
        HttpContext context, UpstreamTarget target, Func<Uri, string?, string?>? rewriteLocation, CancellationToken cancellation, HttpMessageInvoker? invoker = null)
    {
        using var message = new HttpRequestMessage(new HttpMethod(context.Request.Method), target.Address);
        if (HasBody(context.Request))
            message.Content = new StreamContent(context.Request.Body);
        foreach (var header in context.Request.Headers)
        {
            if (IsOurs(header.Key))
                continue;
            if (!message.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value))
                message.Content?.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value);
        }

        message.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        message.Headers.TryAddWithoutValidation("X-Forwarded-Uri", context.Request.Path.Value);
        message.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");

        using var answer = await (invoker ?? InvokerFor(target)).SendAsync(message, cancellation);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.NonValidated)
            Copy(context.Response, name, values, target.Address, rewriteLocation);
        foreach (var (name, values) in answer.Content.Headers.NonValidated)
            Copy(context.Response, name, values, target.Address, rewriteLocation);

        // Whoever waits for what happens next must learn that he waits.
        await context.Response.StartAsync(cancellation);
        await context.Response.Body.FlushAsync(cancellation);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
        {
            // Flushed piece by piece: somebody may be following a log.
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), cancellation);
            await context.Response.Body.FlushAsync(cancellation);
        }
    }

    /// <summary>A plain GET of the peer, for callers that look at the answer themselves. The caller disposes it.</summary>
    public Task<HttpResponseMessage> GetAsync(UpstreamTarget target, CancellationToken cancellation) =>
        InvokerFor(target).SendAsync(new HttpRequestMessage(HttpMethod.Get, target.Address), cancellation);

    private static bool HasBody(HttpRequest request) =>
        request.ContentLength is > 0 || request.Headers.ContainsKey("Transfer-Encoding") || (request.ContentLength is null && request.Method is "POST" or "PUT" or "PATCH");

    private static bool IsOurs(string header) =>
        header is "Host" or "Authorization" or "Content-Length" || header.StartsWith(':')
        || header.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase)
        || HopByHop.Contains(header, StringComparer.OrdinalIgnoreCase);

    private static void Copy(HttpResponse response, string name, HeaderStringValues values, Uri address, Func<Uri, string?, string?>? rewriteLocation)
    {
        if (HopByHop.Contains(name, StringComparer.OrdinalIgnoreCase))
            return;
        foreach (var value in values)
        {
            if (name.Equals("Location", StringComparison.OrdinalIgnoreCase) && rewriteLocation is not null)
                response.Headers[name] = rewriteLocation(address, value);
            else if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                response.Headers[name] = value;
            else
                response.Headers.Append(name, value);
        }
    }

    private HttpMessageInvoker InvokerFor(UpstreamTarget target) => _invokers.GetOrAdd(target.ClientCertificate is not null, _ => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        SslOptions = UpstreamTrust.Options(target),
    }));

    public void Dispose()
    {
        foreach (var invoker in _invokers.Values)
            invoker.Dispose();
    }
}
