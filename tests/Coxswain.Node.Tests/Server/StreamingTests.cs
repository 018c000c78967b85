using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Coxswain.Node.Server;
using Coxswain.Node.Tests.Containerd;
using Coxswain.Node.Tests.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Node.Tests.Server;

/// <summary>The node's API before a real containerd: its streaming server speaks the protocols, we pass them through.</summary>
public sealed class StreamingTests(ContainerdFixture containerd)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Exec_attach_and_port_forward_reach_the_container()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);
        var id = await pod.RunAsync("main", "httpd -p 7000 -h /tmp; while read line; do echo \"got $line\"; done", c => c with { Stdin = true });
        var status = await containerd.Runtime.ContainerStatusAsync(id, Cancellation);
        await using var server = await ServeAsync(pod, id, status.LogPath);

        // Exec: input goes in on channel 0, output comes on 1, errors on 2, the end on 3.
        var exec = await RunAsync(server, "/exec/shop/web/main?command=sh&command=-c&command=read%20x;%20echo%20out%20$x;%20echo%20err%20%3E%262;%20exit%203&input=1&output=1&error=1", "hello\n");
        Assert.Equal(("out hello\n", "err\n"), (exec[1], exec[2]));
        Assert.Contains("\"reason\":\"NonZeroExitCode\"", exec[3], StringComparison.Ordinal);
        Assert.Contains("\"message\":\"3\"", exec[3], StringComparison.Ordinal);

        // Attach: the container's own input and output.
        using var attach = await ConnectAsync(server, "/attach/shop/web/main?input=1&output=1&error=1");
        await attach.SendAsync(Encoding.UTF8.GetBytes("\0line\n"), WebSocketMessageType.Binary, true, Cancellation);
        Assert.Equal("got line\n", await ReadChannelAsync(attach, 1, "got line\n".Length));
        attach.Abort();

        // Port-forward: data of the first port on channel 0, its errors on 1, each begun by the port's number.
        using var forward = await ConnectAsync(server, "/portForward/shop/web?port=7000");
        await forward.SendAsync(Encoding.UTF8.GetBytes("\0GET /nothing HTTP/1.0\r\n\r\n"), WebSocketMessageType.Binary, true, Cancellation);
        Assert.Equal("\u0058\u001bHTTP/1.1 404", await ReadChannelAsync(forward, 0, 14));
        forward.Abort();
    }

    [Fact]
    public async Task A_protocol_that_the_runtime_does_not_speak_is_refused_so_that_the_client_can_fall_back()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);
        var id = await pod.RunAsync("main", "sleep 1000");
        await using var server = await ServeAsync(pod, id, "");
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v99.channel.k8s.io");
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.ClientCertificates.Add(server.Certificate);
        socket.Options.RemoteCertificateValidationCallback = (_, peer, _, _) => peer?.GetCertHashString() == server.Certificate.GetCertHashString();

        await Assert.ThrowsAsync<WebSocketException>(() =>
            socket.ConnectAsync(new Uri($"wss://127.0.0.1:{server.Server.Port}/exec/shop/web/main?command=true&output=1"), Cancellation));

        Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
    }

    [Fact]
    public async Task Rotation_makes_the_runtime_write_on_in_a_new_file_and_a_follower_misses_nothing()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);
        var id = await pod.RunAsync("main", "i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; [ $((i%20)) -eq 0 ] && sleep 0.1; done");
        var status = await containerd.Runtime.ContainerStatusAsync(id, Cancellation);
        var directory = new StaticPodDirectory(StaticPodDirectory.Web(new PodEntryContainer("main", id, Running: true, 0, status.LogPath)));
        var rotator = new LogRotator(directory, containerd.Runtime, TimeProvider.System, NullLogger.Instance) { MaxSize = 100 };
        using var output = new MemoryStream();
        var following = new LogReader(status.LogPath, new() { Follow = true }, output,
            async token => (await containerd.Runtime.ContainerStatusAsync(id, token)).State == ContainerState.Running, TimeProvider.System)
            .CopyAsync(Cancellation);

        while (LogFiles.Rotated(status.LogPath).Count == 0)
            await rotator.RotateAllAsync(Cancellation);
        await following.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

        Assert.Equal(string.Concat(Enumerable.Range(1, 200).Select(i => $"line {i}\n")), Encoding.UTF8.GetString(output.ToArray()));
    }

    private async Task<RunningServer> ServeAsync(TestPod pod, string id, string logPath)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver-kubelet-client", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        var entry = StaticPodDirectory.Web(new PodEntryContainer("main", id, Running: true, 0, logPath)) with { SandboxId = pod.SandboxId };
        var server = await KubeletServer.StartAsync(new()
        {
            NodeName = "n1",
            BindAddress = IPAddress.Loopback,
            Port = 0,
            ServerCertificate = certificate,
            ClientAuthorities = [certificate],
        }, new StaticPodDirectory(entry), containerd.Runtime, TimeProvider.System, NullLogger.Instance, Cancellation);
        return new(server, certificate);
    }

    private static async Task<ClientWebSocket> ConnectAsync(RunningServer server, string path)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        socket.Options.ClientCertificates.Add(server.Certificate);
        socket.Options.RemoteCertificateValidationCallback = (_, peer, _, _) => peer?.GetCertHashString() == server.Certificate.GetCertHashString();
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{server.Server.Port}{path}"), Cancellation);
        return socket;
    }

    private static async Task<Dictionary<int, string>> RunAsync(RunningServer server, string path, string input)
    {
        using var socket = await ConnectAsync(server, path);
        await socket.SendAsync(Encoding.UTF8.GetBytes("\0" + input), WebSocketMessageType.Binary, true, Cancellation);
        var channels = new Dictionary<int, string> { [1] = "", [2] = "", [3] = "" };
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var frame = await socket.ReceiveAsync(buffer, Cancellation);
            if (frame.MessageType == WebSocketMessageType.Close)
                return channels;
            if (frame.Count > 1)
                channels[buffer[0]] += Encoding.UTF8.GetString(buffer, 1, frame.Count - 1);
        }
    }

    private static async Task<string> ReadChannelAsync(ClientWebSocket socket, int channel, int length)
    {
        var text = "";
        var buffer = new byte[64 * 1024];
        while (text.Length < length)
        {
            var frame = await socket.ReceiveAsync(buffer, Cancellation);
            Assert.NotEqual(WebSocketMessageType.Close, frame.MessageType);
            if (frame.Count > 1 && buffer[0] == channel)
                text += Encoding.Latin1.GetString(buffer, 1, frame.Count - 1);
        }
        return text[..length];
    }

    private sealed record RunningServer(KubeletServer Server, X509Certificate2 Certificate) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            Certificate.Dispose();
        }
    }
}
