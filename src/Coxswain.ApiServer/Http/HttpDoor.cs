using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Aggregation;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Datastore;
using Coxswain.ApiServer.Metrics;
using Coxswain.ApiServer.Subresources;
using Coxswain.ApiServer.Verbs;
using Coxswain.Storage;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Http;

/// <summary>From an HTTP request to an <see cref="ApiRequest"/> and back: the whole of the server's middleware.</summary>
/// <remarks>
/// 1. Read the path. 2. Who is it? 3. As whom does he act? 4. Is there room? 5. May he? 6. Which resource, in which form?
/// 7. Read the body and do it. 8. Write the answer. What goes wrong anywhere is answered here, once.
/// </remarks>
internal sealed partial class HttpDoor(
    RequestAuthenticator authenticator,
    Impersonation impersonation,
    InflightLimit limit,
    ApiDispatcher dispatcher,
    NonResourceRouter paths,
    ConnectRouter connections,
    AggregationProxy aggregation,
    ResponseWriter writer,
    WatchWriter watches,
    RequestMetrics metrics,
    ApiServerOptions options,
    TimeProvider clock,
    ILogger<HttpDoor> log) : IHttpApplication<HttpContext>
{
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        var started = clock.GetTimestamp();
        var (path, query) = Target(context);
        var info = RequestInfoParser.Parse(context.Request.Method, path, query);
        context.Response.Headers["Audit-Id"] = AuditId(context.Request);
        context.Response.Headers.CacheControl = "no-cache, private";

        CancellationTokenSource? deadline = null;
        var cancellation = context.RequestAborted;
        try
        {
            if (!info.IsLongRunning)
            {
                deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                deadline.CancelAfter(TimeoutOf(query));
                cancellation = deadline.Token;
            }

            await HandleAsync(context, info, query, cancellation);
        }
        catch (Exception e)
        {
            await FailAsync(context, info, query, e, deadline?.IsCancellationRequested == true);
        }
        finally
        {
            deadline?.Dispose();
            metrics.Record(info, context.Response.StatusCode, clock.GetElapsedTime(started));
        }
    }

    private async Task HandleAsync(HttpContext context, RequestInfo info, QueryParameters query, CancellationToken cancellation)
    {
        if (await authenticator.AuthenticateAsync(context, cancellation) is not { } user)
            throw new ApiException(Statuses.Unauthorized());
        user = await impersonation.ApplyAsync(context.Request, user, cancellation);

        if (info.IsLongRunning)
        {
            await DispatchAsync(context, info, query, user, cancellation);
            return;
        }

        if (!limit.TryEnter(info.IsMutating, user.IsIn(Users.MastersGroup)))
        {
            context.Response.Headers.RetryAfter = "1";
            await ResponseWriter.WriteTextAsync(context, 429, "Too many requests, please try again later.\n", cancellation);
            return;
        }

        try
        {
            await DispatchAsync(context, info, query, user, cancellation);
        }
        finally
        {
            limit.Leave(info.IsMutating);
        }
    }

    private async Task DispatchAsync(HttpContext context, RequestInfo info, QueryParameters query, UserInfo user, CancellationToken cancellation)
    {
        var http = context.Request;
        var userAgent = http.Headers.UserAgent.ToString();
        var request = new ApiRequest
        {
            Info = info,
            User = user,
            Query = query,
            ContentType = http.ContentType ?? "",
            UserAgent = userAgent,
            Now = Now(),
        };
        await dispatcher.AuthorizeAsync(request, cancellation);
        await aggregation.ReadyAsync(request, cancellation);
        if (aggregation.TryHandle(context, request, cancellation) is { } forwarded)
        {
            await forwarded;
            return;
        }

        if (!info.IsResourceRequest)
        {
            await paths.HandleAsync(context, request, cancellation);
            return;
        }

        await dispatcher.ReadyAsync(request, cancellation);
        if (!paths.KnowsResource(info))
        {
            await ResponseWriter.WriteTextAsync(context, 404, "404 page not found\n", cancellation);
            return;
        }

        if (!paths.Serves(new(info.ApiGroup, info.ApiVersion, info.Resource)))
            throw new ApiException(Statuses.NoSuchPath());
        var scope = dispatcher.Resolve(request);
        if (ConnectRouter.Handles(scope))
        {
            await connections.HandleAsync(context, scope, request, cancellation);
            return;
        }

        var format = Negotiate(http, request, HasTable(scope));
        if (info.Verb is "create" or "update" or "patch" or "delete" or "deletecollection")
            request = await WithBodyAsync(http, request, cancellation);
        ApiResponse response;
        try
        {
            response = await dispatcher.ExecuteAsync(scope, request, cancellation);
        }
        catch (ExpiredWatchException expired)
        {
            await WatchWriter.WriteErrorAsync(context, expired.Status, format, cancellation);
            return;
        }

        AddWarnings(context.Response, request.Warnings);
        if (response is WatchResponse watch)
            await watches.WriteAsync(context, watch, format, cancellation);
        else
            await writer.WriteAsync(context, response, format, cancellation);
    }

    /// <exception cref="ApiException">406, 415.</exception>
    private static OutputFormat Negotiate(HttpRequest http, ApiRequest request, bool tables)
    {
        if (request.Verb == "patch" && !IsPatchType(request.ContentType))
            throw new ApiException(RouteErrors.UnsupportedMediaType);
        var accept = http.Headers.Accept.ToString();
        if (!Negotiation.RouteAccepts(accept))
            throw new ApiException(RouteErrors.NotAcceptable);
        var format = Negotiation.Negotiate(accept, Negotiation.WantsPretty(request.Query, request.UserAgent), transforms: true, tables);
        if (request.Verb == "watch" && format is null or { Wire: WireFormat.Yaml })
            throw new ApiException(Statuses.NotAcceptableBecause("only the following media types are accepted: " + Negotiation.AcceptedStreams));
        return format ?? throw new ApiException(Statuses.NotAcceptableBecause("only the following media types are accepted: " + Negotiation.Accepted));
    }

    /// <summary>What is only sent to be answered (reviews, tokens, bindings, evictions) has no rows to show.</summary>
    private static bool HasTable(ResourceScope scope) =>
        scope.Subresource is { } part ? part.Verbs.AsSpan().Contains("get") || part.Verbs.AsSpan().Contains("update") : scope.Descriptor.HasVerb("get");

    private static bool IsPatchType(string contentType)
    {
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? contentType.AsSpan() : contentType.AsSpan(0, end)).Trim() is
            PatchTypes.Json or PatchTypes.Merge or PatchTypes.StrategicMerge or PatchTypes.Apply;
    }

    private static async ValueTask<ApiRequest> WithBodyAsync(HttpRequest http, ApiRequest request, CancellationToken cancellation)
    {
        var body = await BodyReader.ReadAsync(http, cancellation)
            ?? throw new ApiException(Statuses.TooLarge($"limit is {BodyReader.Limit}"));
        return body.IsEmpty ? request : request.WithBody(body);
    }

    private static void AddWarnings(HttpResponse response, List<string> warnings)
    {
        foreach (var warning in warnings)
            response.Headers.Append("Warning", WarningHeader.Format(warning));
    }

    private async Task FailAsync(HttpContext context, RequestInfo info, QueryParameters query, Exception error, bool late)
    {
        var aborted = context.RequestAborted;
        if (aborted.IsCancellationRequested || (error is OperationCanceledException && !late))
            return;

        var status = error switch
        {
            ApiException api => api.Status,
            StoreUnavailableException lost => Unavailable.Status(lost),
            OperationCanceledException => Statuses.Timeout("request did not complete within the allotted timeout"),
            BadHttpRequestException { StatusCode: 413 } => Statuses.TooLarge($"limit is {BodyReader.Limit}"),
            BadHttpRequestException bad => Statuses.BadRequest(bad.Message),
            _ => null,
        };
        if (status is null)
        {
            LogFailed(error, context.Request.Method, info.Path);
            status = Statuses.InternalError("the request failed; the server's log says why");
        }

        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            context.Abort();
            return;
        }

        context.Response.Headers.ContentLength = null;
        context.Response.Headers.ContentEncoding = default;
        var accept = context.Request.Headers.Accept.ToString();
        var format = Negotiation.Negotiate(accept, Negotiation.WantsPretty(query, context.Request.Headers.UserAgent.ToString()), transforms: true)
            ?? OutputFormat.Json;
        try
        {
            await ResponseWriter.WriteStatusAsync(context, status, format with { Transform = OutputTransform.None }, aborted);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // Nobody is left to be told.
        }
    }

    private static (string Path, QueryParameters Query) Target(HttpContext context)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        var mark = raw.IndexOf('?');
        var path = mark < 0 ? raw : raw[..mark];
        if (path is not ['/', ..])
            return (context.Request.Path.Value ?? "/", QueryParameters.Parse(context.Request.QueryString.Value));
        var query = mark < 0 ? QueryParameters.Empty : QueryParameters.Parse(raw[(mark + 1)..]);
        return PercentDecoder.TryDecode(path, plusIsSpace: false, out var decoded) ? (decoded, query) : (path.ToString(), query);
    }

    /// <exception cref="ApiException">400: the wish cannot be read.</exception>
    private TimeSpan TimeoutOf(QueryParameters query)
    {
        if (query.Find("timeout") is not { Length: > 0 } text)
            return options.RequestTimeout;
        try
        {
            var asked = GoDuration.Parse(text);
            return asked <= TimeSpan.Zero || asked > options.RequestTimeout ? options.RequestTimeout : asked;
        }
        catch (DecodeException e)
        {
            throw new ApiException(Statuses.BadRequest("invalid timeout specified in the request URL - " + e.Message));
        }
    }

    private DateTimeOffset Now()
    {
        var now = clock.GetUtcNow();
        return new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
    }

    private static string AuditId(HttpRequest request)
    {
        var given = request.Headers["Audit-Id"].ToString();
        return given.Length is > 0 and <= 64 && given.All(c => c is > ' ' and < '\x7f') ? given : Guid.NewGuid().ToString("D", CultureInfo.InvariantCulture);
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFailed(Exception error, string method, string path);
}
