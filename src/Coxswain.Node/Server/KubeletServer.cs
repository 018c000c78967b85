using System.Net;
using System.Security.Authentication;
using System.Text;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Server;

/// <summary>The node's own API (upstream's kubelet API): logs, exec, attach, port-forward, pods, usage. HTTPS with client certificates.</summary>
/// <remarks>Only the API server's identity is let in. Requests of one client never hold up another's; a failed one ends alone.</remarks>
public sealed partial class KubeletServer : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;
    private readonly ClientAuthentication _authentication;
    private readonly KubeletRoutes _routes;
    private readonly ILogger _logger;
    private readonly string _nodeName;
    private readonly CancellationTokenSource _stopping = new();

    private KubeletServer(WebApplication app, ClientAuthentication authentication, KubeletRoutes routes, string nodeName, ILogger logger)
    {
        _app = app;
        _authentication = authentication;
        _routes = routes;
        _nodeName = nodeName;
        _logger = logger;
    }

    /// <summary>The port that clients connect to.</summary>
    public int Port { get; private set; }

    /// <summary>Starts serving. The returned server is the caller's to dispose.</summary>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<KubeletServer> StartAsync(
        KubeletServerOptions options, IPodDirectory pods, IContainerRuntime runtime, TimeProvider clock, ILogger logger,
        CancellationToken cancellation)
    {
        var authentication = new ClientAuthentication(options, clock);
        // Empty: the usual builder looks for settings in the working folder and watches all below it, which is the whole machine at "/".
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore();
        // The process has one owner of signals, and it is not this server.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // A reader of logs may be slow, or wait for hours.
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(options.BindAddress, options.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = options.ServerCertificate;
                    https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.ClientCertificateValidation = (certificate, _, _) => authentication.IsTrusted(certificate);
                });
            });
        });

        var app = builder.Build();
        var routes = new KubeletRoutes(
            new LogsHandler(pods, runtime, clock),
            new StreamingHandler(pods, runtime),
            new StatsHandler(options.NodeName, pods, runtime, clock),
            new PodsHandler(pods));
        var server = new KubeletServer(app, authentication, routes, options.NodeName, logger);
        app.Run(server.HandleAsync);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        server.Port = new Uri(address).Port;
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        using var limit = new CancellationTokenSource(StopLimit);
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (await context.Connection.GetClientCertificateAsync(context.RequestAborted) is not { } certificate)
        {
            await Refuse(context, HttpStatusCode.Unauthorized, "Unauthorized");
            return;
        }
        if (!_authentication.IsAllowed(certificate))
        {
            var (user, verb) = (ClientAuthentication.NameOf(certificate), Verb(context.Request.Method));
            await Refuse(context, HttpStatusCode.Forbidden, $"Forbidden (user={user}, verb={verb}, resource=nodes, subresource=proxy, name={_nodeName})");
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            await _routes.HandleAsync(context, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client left, or the node agent is ending.
        }
        catch (KubeletApiException e) when (!context.Response.HasStarted)
        {
            await Refuse(context, e.Status, e.Message);
        }
        catch (RuntimeException e) when (!context.Response.HasStarted)
        {
            if (e.Code == RuntimeErrorCode.ResourceExhausted)
                context.Response.Headers.RetryAfter = "1";
            await Refuse(context, StatusOf(e.Code), e.Message);
        }
        catch (Exception e)
        {
            LogFailed(context.Request.Path, e);
            if (context.Response.HasStarted)
                context.Abort();
            else
                await Refuse(context, HttpStatusCode.InternalServerError, "Internal Error");
        }
    }

    private static HttpStatusCode StatusOf(RuntimeErrorCode code) => code switch
    {
        RuntimeErrorCode.NotFound => HttpStatusCode.NotFound,
        RuntimeErrorCode.ResourceExhausted => HttpStatusCode.TooManyRequests,
        _ => HttpStatusCode.InternalServerError,
    };

    private static string Verb(string method) => method switch
    {
        "GET" or "HEAD" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    };

    private static Task Refuse(HttpContext context, HttpStatusCode status, string message)
    {
        context.Response.StatusCode = (int)status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        var body = Encoding.UTF8.GetBytes(message);
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, 0, body.Length, context.RequestAborted);
    }

    [LoggerMessage(1, LogLevel.Error, "The node API failed at {Path}")]
    private partial void LogFailed(PathString path, Exception e);

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
