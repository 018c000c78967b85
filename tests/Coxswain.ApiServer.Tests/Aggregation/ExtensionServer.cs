using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Coxswain.ApiServer.Tests.Aggregation;

/// <summary>A small API server of somebody else: flowers in memory, over TLS, for callers that prove to be the front proxy.</summary>
internal sealed class ExtensionServer : IAsyncDisposable
{
    public const string Group = "garden.example.com";

    private readonly WebApplication _application;
    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2 _proxyAuthority;
    private readonly ConcurrentDictionary<string, JsonObject> _flowers = new();
    private readonly ConcurrentDictionary<Channel<string>, bool> _watchers = new();
    private int _revision = 100;

    private ExtensionServer(X509Certificate2 proxyAuthority, string name)
    {
        _proxyAuthority = proxyAuthority;
        _certificate = SelfSigned(name);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = static (_, _, _) => true,
            });
        }));
        builder.Services.AddRouting();
        _application = builder.Build();
        _application.Run(HandleAsync);
    }

    public int Port { get; private set; }

    public string CaBundle => Convert.ToBase64String(Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()));

    /// <summary>What was asked last, with the headers.</summary>
    public ConcurrentQueue<(string Method, string Path, Dictionary<string, string> Headers)> Requests { get; } = [];

    /// <summary>It answers everything with 500.</summary>
    public bool IsIll { get; set; }

    public ICollection<string> Flowers => _flowers.Keys;

    public int Watchers => _watchers.Count;

    public static async Task<ExtensionServer> StartAsync(X509Certificate2 proxyAuthority, string name, CancellationToken cancellation)
    {
        var server = new ExtensionServer(proxyAuthority, name);
        await server._application.StartAsync(cancellation);
        server.Port = new Uri(server._application.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return server;
    }

    private async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue((context.Request.Method, path + context.Request.QueryString, context.Request.Headers.ToDictionary(h => h.Key, h => string.Join("|", h.Value.ToArray()), StringComparer.OrdinalIgnoreCase)));
        if (IsIll)
            await AnswerAsync(context, 500, new JsonObject { ["kind"] = "Status", ["message"] = "ill" });
        else if (!IsProxy(context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate))
            await AnswerAsync(context, 401, new JsonObject { ["kind"] = "Status", ["message"] = "Unauthorized" });
        else if (path == "/apis/" + Group + "/v1")
            await AnswerAsync(context, 200, Resources());
        else if (path == "/openapi/v3")
            await AnswerAsync(context, 200, JsonNode.Parse("{\"paths\":{\"apis/" + Group + "/v1\":{\"serverRelativeURL\":\"/openapi/v3/apis/" + Group + "/v1?hash=ABC\"}}}")!);
        else if (path == "/openapi/v3/apis/" + Group + "/v1")
            await AnswerAsync(context, 200, JsonNode.Parse("""{"openapi":"3.0.0","info":{"title":"flowers","version":"1"},"paths":{},"components":{"schemas":{}}}""")!);
        else
            await FlowersAsync(context, path.Split('/'));
    }

    private async Task FlowersAsync(HttpContext context, string[] parts)
    {
        // "", apis, group, v1, namespaces, NS, flowers, NAME, part
        var (ns, name) = (parts.Length > 5 ? parts[5] : "", parts.Length > 7 ? parts[7] : "");
        var key = $"{ns}/{name}";
        switch (context.Request.Method)
        {
            case "GET" when context.Request.Headers.Upgrade == "echo":
                await EchoAsync(context);
                break;
            case "GET" when context.Request.Query["watch"] == "true":
                await WatchAsync(context);
                break;
            case "GET" when name.Length == 0:
                await AnswerAsync(context, 200, List(ns));
                break;
            case "GET":
                await AnswerAsync(context, _flowers.TryGetValue(key, out var found) ? 200 : 404, found ?? NotFound(name));
                break;
            case "POST":
                var made = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
                key = $"{ns}/{made["metadata"]!["name"]}";
                made["metadata"]!["namespace"] = ns;
                made["metadata"]!["uid"] = Guid.NewGuid().ToString();
                made["metadata"]!["resourceVersion"] = Interlocked.Increment(ref _revision).ToString(System.Globalization.CultureInfo.InvariantCulture);
                _flowers[key] = made;
                Tell("ADDED", made);
                await AnswerAsync(context, 201, made);
                break;
            case "DELETE":
                foreach (var (at, gone) in _flowers.Where(f => f.Key == key || (name.Length == 0 && f.Key.StartsWith(ns + "/", StringComparison.Ordinal))).ToList())
                {
                    _flowers.TryRemove(at, out _);
                    Tell("DELETED", gone);
                }

                await AnswerAsync(context, 200, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Success" });
                break;
            default:
                await AnswerAsync(context, 405, new JsonObject { ["kind"] = "Status" });
                break;
        }
    }

    private void Tell(string type, JsonObject flower)
    {
        foreach (var watcher in _watchers.Keys)
            watcher.Writer.TryWrite(new JsonObject { ["type"] = type, ["object"] = flower.DeepClone() }.ToJsonString() + "\n");
    }

    private async Task WatchAsync(HttpContext context)
    {
        var channel = Channel.CreateUnbounded<string>();
        _watchers[channel] = true;
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        try
        {
            await foreach (var line in channel.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(line, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The watcher left.
        }
        finally
        {
            _watchers.TryRemove(channel, out _);
        }
    }

    private static async Task EchoAsync(HttpContext context)
    {
        context.Response.Headers.Upgrade = "echo";
        await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        var buffer = new byte[1024];
        int read;
        while ((read = await stream.ReadAsync(buffer)) > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read));
            await stream.FlushAsync();
        }
    }

    private JsonObject List(string ns) => new()
    {
        ["kind"] = "FlowerList",
        ["apiVersion"] = Group + "/v1",
        ["metadata"] = new JsonObject { ["resourceVersion"] = Volatile.Read(ref _revision).ToString(System.Globalization.CultureInfo.InvariantCulture) },
        ["items"] = new JsonArray([.. _flowers.Where(f => ns.Length == 0 || f.Key.StartsWith(ns + "/", StringComparison.Ordinal)).OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value.DeepClone())]),
    };

    private static JsonObject Resources() => (JsonObject)JsonNode.Parse(
        """
        {"kind":"APIResourceList","apiVersion":"v1","groupVersion":"garden.example.com/v1","resources":[
        {"name":"flowers","singularName":"flower","namespaced":true,"kind":"Flower","verbs":["create","delete","deletecollection","get","list","watch"],"shortNames":["fl"]},
        {"name":"flowers/scent","singularName":"","namespaced":true,"kind":"Scent","verbs":["get"]}]}
        """)!;

    private static JsonObject NotFound(string name) => new()
    {
        ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["reason"] = "NotFound", ["code"] = 404, ["message"] = $"flowers.{Group} \"{name}\" not found",
    };

    private bool IsProxy(X509Certificate2? certificate)
    {
        if (certificate is null || certificate.GetNameInfo(X509NameType.SimpleName, false) != "front-proxy-client")
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_proxyAuthority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static async Task AnswerAsync(HttpContext context, int code, JsonNode body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var bare = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(24));
        return X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var watcher in _watchers.Keys)
            watcher.Writer.TryComplete();

        // Connections that others keep open are not waited for.
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
        _certificate.Dispose();
    }
}
