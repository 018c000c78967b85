using System.Net.Sockets;
using System.Security.Authentication;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Subresources;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>Passes requests for groups and versions that others serve on to them, and their answers back.</summary>
/// <remarks>The request was authenticated and authorized here; the other server is told who asks, by us and
/// nobody else, and decides for itself again.</remarks>
internal sealed partial class AggregationProxy(AggregatedApi api, AggregationTransport transport, StreamProxy streams, ILogger<AggregationProxy> log)
{
    private const string OpenApi = "/openapi/v3/";

    /// <summary>Completes when it is known whether a request is for another server: mostly at once.</summary>
    public ValueTask ReadyAsync(ApiRequest request, CancellationToken cancellation) =>
        api.IsReady || PathOf(request) is null ? default : api.ReadyAsync(cancellation);

    /// <returns>Null: the path is ours. Otherwise the request is passed on, until this completes.</returns>
    public Task? TryHandle(HttpContext context, ApiRequest request, CancellationToken cancellation)
    {
        // Most requests: they must not cost anything here.
        var groups = api.Current;
        if (groups.IsEmpty || PathOf(request) is not { } path || VersionOf(path) is not { } version || groups.Find(version) is not { } service)
            return null;
        return HandleAsync(context, service, request.User, cancellation);
    }

    /// <summary>The path of a group's version, or of its description; null: another.</summary>
    private static string? PathOf(ApiRequest request)
    {
        var path = request.Info.Path;
        if (path.StartsWith(OpenApi, StringComparison.Ordinal))
            path = path[(OpenApi.Length - 1)..];
        return path.StartsWith("/apis/", StringComparison.Ordinal) ? path : null;
    }

    private static GroupVersion? VersionOf(string path)
    {
        var parts = path.Split('/');
        return parts.Length > 3 && parts[3].Length > 0 ? new(parts[2], parts[3]) : null;
    }

    private async Task HandleAsync(HttpContext context, AggregatedService service, UserInfo user, CancellationToken cancellation)
    {
        if (!service.IsAvailable)
        {
            await RefuseAsync(context, 503, "service unavailable", cancellation);
            return;
        }

        try
        {
            var (host, port) = await transport.ResolveAsync(service, cancellation);
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            foreach (var name in context.Request.Headers.Keys.Where(RemoteUser.IsReserved).ToList())
                context.Request.Headers.Remove(name);
            if (UpgradeTunnel.IsUpgrade(context))
            {
                foreach (var (name, value) in RemoteUser.Headers(user))
                {
                    HeaderLines.Check(name, value);
                    context.Request.Headers.Append(name, value);
                }

                var peer = new UriBuilder(Uri.UriSchemeHttps, host, port).Uri;
                await UpgradeTunnel.RunAsync(context, new(new(peer, target), null, null) { Tls = transport.Tls(service) }, cancellation);
            }
            else
            {
                foreach (var (name, value) in RemoteUser.Joined(user))
                    context.Request.Headers[name] = value;
                await streams.RunAsync(context, new(AggregationTransport.Address(service, target), null, null), null, cancellation, transport.InvokerFor(service));
            }
        }
        catch (ApiException e)
        {
            // No such service, or nobody behind it.
            LogUnreachable(service.Object.Metadata.Name, e.Message);
            await RefuseAsync(context, 503, "service unavailable", cancellation);
        }
        catch (AggregationTrustException e)
        {
            await RefuseAsync(context, 500, e.Message, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            var cause = CauseOf(e);
            LogUnreachable(service.Object.Metadata.Name, cause);
            await RefuseAsync(context, 503, "error trying to reach service: " + cause, cancellation);
        }
    }

    internal static string CauseOf(Exception error)
    {
        for (var e = error; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case ApiException api:
                    return api.Status.Message;
                case AuthenticationException:
                    return "tls: failed to verify certificate: x509: certificate signed by unknown authority, or for another name";
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return "connect: connection refused";
            }
        }

        return error.Message;
    }

    private static Task RefuseAsync(HttpContext context, int code, string message, CancellationToken cancellation)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return ResponseWriter.WriteTextAsync(context, code, message + "\n", cancellation);
    }

    [LoggerMessage(LogLevel.Warning, "The server behind the API service {Name} cannot be reached: {Reason}")]
    private partial void LogUnreachable(string name, string reason);
}
