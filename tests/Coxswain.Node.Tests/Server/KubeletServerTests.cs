using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Coxswain.Node.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Node.Tests.Server;

public sealed class KubeletServerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-kubelet-").FullName;
    private readonly TestAuthority _authority = new("cluster");
    private readonly ScriptedRuntime _runtime = new();
    private X509Certificate2 _serverCertificate = null!;
    private X509Certificate2 _clientCertificate = null!;
    private KubeletServer _server = null!;

    private string LogPath => Path.Combine(_folder, "0.log");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _serverCertificate = _authority.Issue("system:node:n1");
        _clientCertificate = _authority.Issue("kube-apiserver-kubelet-client");
        await File.WriteAllTextAsync(LogPath, "2026-11-21T10:00:00Z stdout F one\n2026-11-21T10:00:01Z stdout F two\n", Cancellation);
        var pods = new StaticPodDirectory(StaticPodDirectory.Web(
            new PodEntryContainer("main", "id-2", Running: true, 1, LogPath)));
        _server = await KubeletServer.StartAsync(new()
        {
            NodeName = "n1",
            BindAddress = IPAddress.Loopback,
            Port = 0,
            ServerCertificate = _serverCertificate,
            ClientAuthorities = [_authority.Certificate],
        }, pods, _runtime, TimeProvider.System, NullLogger.Instance, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _serverCertificate.Dispose();
        _clientCertificate.Dispose();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Nobody_is_let_in_without_the_api_servers_certificate()
    {
        using var other = _authority.Issue("somebody");
        using var foreignAuthority = new TestAuthority("other");
        using var forged = foreignAuthority.Issue("kube-apiserver-kubelet-client");

        var anonymous = await GetAsync("/pods", certificate: null);
        var stranger = await GetAsync("/pods", other);

        Assert.Equal((HttpStatusCode.Unauthorized, "Unauthorized"), anonymous);
        Assert.Equal((HttpStatusCode.Forbidden, "Forbidden (user=somebody, verb=get, resource=nodes, subresource=proxy, name=n1)"), stranger);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => GetAsync("/pods", forged));
        Assert.Equal((HttpStatusCode.OK, "ok"), await GetAsync("/healthz", _clientCertificate));
    }

    [Theory]
    [InlineData("/containerLogs/shop/web/main", HttpStatusCode.OK, "one\ntwo\n")]
    [InlineData("/containerLogs/shop/web/main?tailLines=1&timestamps=true", HttpStatusCode.OK, "2026-11-21T10:00:01.000000000Z two\n")]
    [InlineData("/containerLogs/shop/web/main?previous=true", HttpStatusCode.BadRequest, "previous terminated container \"main\" in pod \"web\" not found")]
    [InlineData("/containerLogs/shop/web/side", HttpStatusCode.NotFound, "container \"side\" not found in pod \"web\"\n")]
    [InlineData("/containerLogs/shop/none/main", HttpStatusCode.NotFound, "pod does not exist\n")]
    [InlineData("/containerLogs/shop/web/main?tailLines=x", HttpStatusCode.UnprocessableEntity, "{\"message\": \"Invalid request.\"}")]
    [InlineData("/containerLogs/shop/web/main?limitBytes=0", HttpStatusCode.UnprocessableEntity, "{\"message\": \"Invalid request.\"}")]
    [InlineData("/nothing", HttpStatusCode.NotFound, "404 page not found")]
    public async Task Logs_are_answered_as_upstream_answers(string path, HttpStatusCode status, string body) =>
        Assert.Equal((status, body), await GetAsync(path, _clientCertificate));

    [Fact]
    public async Task Pods_are_a_list_of_pods()
    {
        using var document = JsonDocument.Parse((await GetAsync("/pods", _clientCertificate)).Body);

        Assert.Equal("PodList", document.RootElement.GetProperty("kind").GetString());
        Assert.Equal("web", document.RootElement.GetProperty("items")[0].GetProperty("metadata").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Exec_passes_bytes_through_both_ways_until_the_runtime_closes()
    {
        await using var streaming = new ScriptedStreamingServer(async (head, stream) =>
        {
            Assert.StartsWith("POST /exec/token HTTP/1.1\r\n", head, StringComparison.Ordinal);
            Assert.Contains("Upgrade: SPDY/3.1", head, StringComparison.Ordinal);
            Assert.Contains("X-Stream-Protocol-Version: v4.channel.k8s.io", head, StringComparison.Ordinal);
            await stream.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nhello "u8.ToArray());
            var received = new byte[5];
            await stream.ReadExactlyAsync(received);
            await stream.WriteAsync(received);
        });
        _runtime.StreamingAddress = new Uri(streaming.Address, "/exec/token");

        var answer = await UpgradeAsync("POST /exec/shop/web/main?command=sh&command=-c&command=a%20b&input=1&output=1&error=1", "bytes");

        Assert.StartsWith("HTTP/1.1 101 ", answer, StringComparison.Ordinal);
        Assert.Contains("Upgrade: SPDY/3.1\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("X-Stream-Protocol-Version: v4.channel.k8s.io\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nhello bytes", answer, StringComparison.Ordinal);
        Assert.Equal(["sh", "-c", "a b"], _runtime.LastExec!.Command);
        Assert.Equal(("id-2", true, true, true, false),
            (_runtime.LastExec.ContainerId, _runtime.LastExec.Stdin, _runtime.LastExec.Stdout, _runtime.LastExec.Stderr, _runtime.LastExec.Tty));
    }

    [Fact]
    public async Task What_the_runtime_refuses_the_client_gets_to_read()
    {
        await using var streaming = new ScriptedStreamingServer(async (_, stream) =>
            await stream.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nno protocol"u8.ToArray()));
        _runtime.StreamingAddress = new Uri(streaming.Address, "/attach/token");

        var answer = await UpgradeAsync("GET /attach/shop/web/main?tty=true&stdin=true&stdout=true&stderr=true", "");

        Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
        Assert.Contains("no protocol", answer, StringComparison.Ordinal);
        Assert.Equal((true, true, false), (_runtime.LastAttach!.Tty, _runtime.LastAttach.Stdin, _runtime.LastAttach.Stderr));
    }

    [Fact]
    public async Task Port_forward_names_the_sandbox_and_the_ports()
    {
        await using var streaming = new ScriptedStreamingServer(async (_, stream) =>
            await stream.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"u8.ToArray()));
        _runtime.StreamingAddress = new Uri(streaming.Address, "/portforward/token");

        var answer = await UpgradeAsync("POST /portForward/shop/web/uid-1?port=80&port=443", "");

        Assert.StartsWith("HTTP/1.1 101 ", answer, StringComparison.Ordinal);
        Assert.Equal("sandbox-1", _runtime.LastPortForward!.PodSandboxId);
        Assert.Equal([80, 443], _runtime.LastPortForward.Ports);
    }

    [Fact]
    public async Task Refusals_have_the_status_that_fits()
    {
        Assert.StartsWith("HTTP/1.1 400 ", await UpgradeAsync("POST /exec/shop/web/main?command=sh", ""), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await UpgradeAsync("POST /exec/shop/web/other-uid/main?command=sh&output=1", ""), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await UpgradeAsync("POST /portForward/shop/web?port=99999", ""), StringComparison.Ordinal);
        _runtime.Failure = new RuntimeException(RuntimeErrorCode.ResourceExhausted, "too many");
        var busy = await UpgradeAsync("POST /exec/shop/web/main?command=sh&output=1", "");
        Assert.StartsWith("HTTP/1.1 429 ", busy, StringComparison.Ordinal);
        Assert.Contains("rpc error: code = ResourceExhausted desc = too many", busy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_is_told_as_summary_and_as_metrics()
    {
        var time = new DateTimeOffset(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);
        ContainerStats At(int second, ulong cpu) => new()
        {
            Id = "id-2",
            Metadata = new("main", 0),
            Timestamp = time.AddSeconds(second),
            CpuUsageCoreNanoSeconds = cpu,
            MemoryWorkingSetBytes = 4096,
        };

        _runtime.Stats = [At(0, 1_000_000_000)];
        await GetAsync("/stats/summary", _clientCertificate);
        _runtime.Stats = [At(10, 3_000_000_000)];
        using var summary = JsonDocument.Parse((await GetAsync("/stats/summary", _clientCertificate)).Body);
        var pod = summary.RootElement.GetProperty("pods")[0];
        var metrics = (await GetAsync("/metrics/resource", _clientCertificate)).Body;

        Assert.Equal(200_000_000, pod.GetProperty("containers")[0].GetProperty("cpu").GetProperty("usageNanoCores").GetInt64());
        Assert.Equal("uid-1", pod.GetProperty("podRef").GetProperty("uid").GetString());
        Assert.True(summary.RootElement.GetProperty("node").GetProperty("memory").GetProperty("workingSetBytes").GetInt64() > 0);
        Assert.Contains($"container_cpu_usage_seconds_total{{container=\"main\",namespace=\"shop\",pod=\"web\"}} 3 {time.AddSeconds(10).ToUnixTimeMilliseconds()}\n", metrics, StringComparison.Ordinal);
        Assert.Contains("pod_memory_working_set_bytes{namespace=\"shop\",pod=\"web\"} 4096 ", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_running_pods 1\n", (await GetAsync("/metrics", _clientCertificate)).Body, StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, string Body)> GetAsync(string path, X509Certificate2? certificate)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new()
            {
                RemoteCertificateValidationCallback = (_, server, _, _) => server?.Issuer == "CN=cluster",
                ClientCertificates = certificate is null ? null : [certificate],
            },
        });
        using var answer = await client.GetAsync(new Uri($"https://127.0.0.1:{_server.Port}{path}"), Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>Speaks as an upgrading client does, and returns all that comes back.</summary>
    private async Task<string> UpgradeAsync(string request, string input)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _server.Port, Cancellation);
        await using var tls = new SslStream(socket.GetStream(), false, (_, server, _, _) => server?.Issuer == "CN=cluster");
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "n1", ClientCertificates = [_clientCertificate] }, Cancellation);
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            request + " HTTP/1.1\r\nHost: n1\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n" + input), Cancellation);
        var answer = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while ((read = await tls.ReadAsync(buffer, limit.Token)) > 0)
        {
            answer.Write(buffer, 0, read);
            var text = Encoding.ASCII.GetString(answer.ToArray());
            // A refusal leaves the connection open for the next request.
            if (!text.StartsWith("HTTP/1.1 101", StringComparison.Ordinal) && text.Contains("\r\n\r\n", StringComparison.Ordinal) && !text.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                break;
        }
        return Encoding.ASCII.GetString(answer.ToArray());
    }

    private sealed class TestAuthority : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public TestAuthority(string name)
        {
            var request = new CertificateRequest("CN=" + name, _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        }

        public X509Certificate2 Certificate { get; }

        public X509Certificate2 Issue(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
            using var certificate = request.Create(Certificate, DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow.AddMinutes(30), RandomNumberGenerator.GetBytes(8));
            return certificate.CopyWithPrivateKey(key);
        }

        public void Dispose()
        {
            Certificate.Dispose();
            _key.Dispose();
        }
    }

    /// <summary>One connection of a runtime's streaming server.</summary>
    private sealed class ScriptedStreamingServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _serving;

        public ScriptedStreamingServer(Func<string, Stream, Task> script)
        {
            _listener.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
            _serving = ServeAsync(script);
        }

        public Uri Address { get; }

        private async Task ServeAsync(Func<string, Stream, Task> script)
        {
            using var client = await _listener.AcceptTcpClientAsync(Cancellation);
            await using var stream = client.GetStream();
            var head = new StringBuilder();
            var one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                await stream.ReadExactlyAsync(one, Cancellation);
                head.Append((char)one[0]);
            }
            await script(head.ToString(), stream);
        }

        public async ValueTask DisposeAsync()
        {
            await _serving.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
            _listener.Dispose();
        }
    }
}
