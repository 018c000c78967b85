using System.Text;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.Discovery;
using Coxswain.ApiServer.Health;
using Coxswain.ApiServer.Metrics;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>Everything that is not an object: discovery, version, health, metrics, OpenAPI, the keys of service-account tokens.</summary>
internal sealed class NonResourceRouter(
    RegistryTable registries,
    DiscoveryDocuments documents,
    HealthChecks checks,
    MetricsPage metrics,
    OpenIdDocuments openId,
    IReadOnlyList<IPathHandler> extensions)
{
    private readonly AggregatedDiscovery _aggregated = new(documents);
    private readonly HealthPage _health = new(checks);
    private readonly Lazy<byte[]> _version = new(ServerVersion.Json);

    public bool Serves(GroupVersionResource resource) => documents.Serves(resource);

    /// <summary>Whether a path leads to a group that is built in, or to a resource that a definition defines: others are unknown paths.</summary>
    public bool KnowsResource(RequestInfo info)
    {
        if (registries.IsBuiltIn(info.ApiGroup))
            return info.ApiGroup.Length == 0 || documents.Current.Groups.Contains(info.ApiGroup);
        return registries.Custom.Find(new(info.ApiGroup, info.ApiVersion, info.Resource)) is { } custom
            && (custom.Descriptor.Namespaced ? info.Namespace.Length > 0 || info.Verb is "list" or "watch" : info.Namespace.Length == 0);
    }

    public async Task HandleAsync(HttpContext context, ApiRequest request, CancellationToken cancellation)
    {
        var path = request.Info.Path;
        if (path.StartsWith("/api", StringComparison.Ordinal) || path.StartsWith("/openapi", StringComparison.Ordinal))
            await documents.ReadyAsync(cancellation);
        foreach (var extension in extensions)
            if (await extension.TryHandleAsync(context, request, cancellation))
                return;

        switch (path.TrimEnd('/'))
        {
            case "":
                await WriteIndexAsync(context, 200, cancellation);
                return;
            case "/version":
                CheckMethod(context, "GET", "HEAD");
                await WriteAsync(context, OutputFormat.JsonType, _version.Value, cancellation);
                return;
            case "/metrics":
                CheckMethod(context, "GET", "HEAD", "DELETE");
                await WriteAsync(context, MetricsPage.ContentType, Encoding.UTF8.GetBytes(metrics.Render()), cancellation);
                return;
            case "/api":
            case "/apis":
                await WriteRootAsync(context, request, core: path.StartsWith("/api/", StringComparison.Ordinal) || path == "/api", cancellation);
                return;
            case "/.well-known/openid-configuration":
                CheckMethod(context, "GET", "HEAD");
                await WriteAsync(context, OutputFormat.JsonType, openId.Configuration(), cancellation);
                return;
            case "/openid/v1/jwks":
                CheckMethod(context, "GET", "HEAD");
                await WriteAsync(context, "application/jwk-set+json", openId.KeySet(), cancellation);
                return;
        }

        if (IsHealth(path) && await _health.HandleAsync(context, path, request.Query, cancellation))
            return;
        if (path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/apis/", StringComparison.Ordinal))
        {
            await WriteVersionAsync(context, request, path.Trim('/').Split('/'), cancellation);
            return;
        }

        await ResponseWriter.WriteTextAsync(context, 404, "404 page not found\n", cancellation);
    }

    /// <summary>All paths, sorted: what <c>/</c> shows.</summary>
    public IReadOnlyList<string> Paths()
    {
        var paths = new SortedSet<string>(StringComparer.Ordinal)
        {
            "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/",
            "/openid/v1/jwks", "/version",
        };
        var current = documents.Current;
        foreach (var group in current.Groups)
        {
            paths.Add("/apis/" + group);
            foreach (var version in current.FindGroup(group)!.Versions)
                paths.Add("/apis/" + version.GroupVersion);
        }

        foreach (var page in HealthPages)
        {
            paths.Add("/" + page);
            foreach (var check in checks.For(page))
                paths.Add($"/{page}/{check.Name}");
        }

        return [.. paths];
    }

    private static readonly string[] HealthPages = ["healthz", "livez", "readyz"];

    private static bool IsHealth(string path) => HealthPages.Any(page =>
        path.AsSpan(1).StartsWith(page, StringComparison.Ordinal) && (path.Length == page.Length + 1 || path[page.Length + 1] == '/'));

    private async Task WriteRootAsync(HttpContext context, ApiRequest request, bool core, CancellationToken cancellation)
    {
        if (AggregatedDiscovery.IsAsked(context.Request.Headers.Accept.ToString(), out var form))
            await _aggregated.HandleAsync(context, core, form, cancellation);
        else
            await WriteDocumentAsync(context, request, core ? documents.Current.CoreVersions() : documents.Current.GroupList(), cancellation);
    }

    private async Task WriteVersionAsync(HttpContext context, ApiRequest request, string[] parts, CancellationToken cancellation)
    {
        var group = parts[0] == "api" ? "" : parts[1];
        var current = documents.Current;
        var version = parts.Length > 2 && parts[0] == "apis" ? parts[2] : "";
        if (!registries.IsBuiltIn(group) && (current.FindGroup(group) is null || (version.Length > 0 && current.FindResources(new(group, version)) is null)))
        {
            await ResponseWriter.WriteTextAsync(context, 404, "404 page not found\n", cancellation);
            return;
        }

        IKubernetesObject? document = parts switch
        {
            ["api", var core] => current.FindResources(new("", core)),
            ["apis", var name] => current.FindGroup(name),
            ["apis", var name, _] => current.FindResources(new(name, version)),
            _ => null,
        };
        if (document is null)
            throw new ApiException(Statuses.NoSuchPath());
        CheckMethod(context, "GET");
        await WriteDocumentAsync(context, request, document, cancellation);
    }

    private static Task WriteDocumentAsync(HttpContext context, ApiRequest request, IKubernetesObject document, CancellationToken cancellation)
    {
        var accept = context.Request.Headers.Accept.ToString();
        var format = Negotiation.Negotiate(accept, Negotiation.WantsPretty(request.Query, request.UserAgent), transforms: false)
            ?? throw new ApiException(Negotiation.RouteAccepts(accept)
                ? Statuses.NotAcceptableBecause("only the following media types are accepted: " + Negotiation.Accepted)
                : RouteErrors.NotAcceptable);
        return ResponseWriter.WriteDocumentAsync(context, 200, document, format, cancellation);
    }

    private async Task WriteIndexAsync(HttpContext context, int statusCode, CancellationToken cancellation)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(4096);
        await using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("paths");
            foreach (var path in Paths())
                json.WriteStringValue(path);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        context.Response.StatusCode = statusCode;
        await WriteAsync(context, OutputFormat.JsonType, buffer.WrittenMemory, cancellation);
    }

    private static async Task WriteAsync(HttpContext context, string contentType, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(bytes, cancellation);
    }

    /// <exception cref="ApiException">405.</exception>
    private static void CheckMethod(HttpContext context, params ReadOnlySpan<string> allowed)
    {
        foreach (var method in allowed)
            if (method == context.Request.Method)
                return;
        throw new ApiException(Statuses.MethodNotAllowed());
    }
}

/// <summary>Adds paths of its own: OpenAPI.</summary>
internal interface IPathHandler
{
    /// <returns>False: the path is somebody else's.</returns>
    ValueTask<bool> TryHandleAsync(HttpContext context, ApiRequest request, CancellationToken cancellation);
}
