using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Coxswain.Testing;

namespace Coxswain.EndToEnd.Tests;

/// <summary>The control plane alone, started as a user would.</summary>
public sealed class ControlPlaneStories : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Instance _instance = new("cp", "--no-node", "--bind-address", "127.0.0.1");

    public ValueTask InitializeAsync()
    {
        Repository.RequireExecutable();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _instance.RemoveAsync();

    [Fact]
    public async Task Up_reports_its_phases_status_tells_how_it_is_and_down_keeps_the_state()
    {
        var output = await _instance.UpAsync(Cancellation);
        foreach (var phase in new[] { "certificates", "store", "API server", "ready after" })
            Assert.Contains(phase, output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_instance.KubeConfig));

        var status = await _instance.CommandAsync(Cancellation, "status");
        Assert.True(status.ExitCode == 0, status.Text);
        Assert.Contains("https://127.0.0.1:", status.Output, StringComparison.Ordinal);

        Repository.RequireKubectl("sid");
        await _instance.KubectlAsync("sid", Cancellation, "create", "configmap", "kept", "--from-literal=a=b");
        var again = await _instance.UpAsync(Cancellation);
        Assert.Contains("already running", again, StringComparison.Ordinal);

        var down = await _instance.CommandAsync(Cancellation, "down");
        Assert.True(down.ExitCode == 0, down.Text);
        Assert.Equal(3, (await _instance.CommandAsync(Cancellation, "status")).ExitCode);
        await _instance.UpAsync(Cancellation);
        Assert.Equal("b", await _instance.KubectlAsync("sid", Cancellation, "get", "configmap", "kept", "-o", "jsonpath={.data.a}"));

        var logs = await _instance.CommandAsync(Cancellation, "logs");
        Assert.Contains("API server", logs.Output, StringComparison.Ordinal);

        await _instance.RemoveAsync();
        Assert.False(Directory.Exists(_instance.DataDir));
    }

    [Fact]
    public async Task What_was_acknowledged_survives_kill_9()
    {
        Repository.RequireKubectl("sid");
        await _instance.UpAsync(Cancellation);
        for (var round = 0; round < 3; round++)
        {
            await _instance.KubectlAsync("sid", Cancellation, "create", "configmap", $"round-{round}", "--from-literal=a=b");
            using (var process = Process.GetProcessById(_instance.Pid))
            {
                process.Kill();
                await process.WaitForExitAsync(Cancellation);
            }

            await _instance.UpAsync(Cancellation);
            Assert.Equal(round + 1, (await _instance.KubectlAsync("sid", Cancellation, "get", "configmap", "-o", "name")).Split('\n').Count(l => l.Contains("round-", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Two_instances_live_side_by_side()
    {
        var other = new Instance("cp2", "--no-node", "--bind-address", "127.0.0.1");
        try
        {
            await _instance.UpAsync(Cancellation);
            await other.UpAsync(Cancellation);
            Assert.Equal(0, (await _instance.CommandAsync(Cancellation, "status")).ExitCode);
            Assert.Equal(0, (await other.CommandAsync(Cancellation, "status")).ExitCode);
        }
        finally
        {
            await other.RemoveAsync();
        }
    }

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task Kubectl_creates_reads_explains_patches_and_deletes(string version)
    {
        Repository.RequireKubectl(version);
        await _instance.UpAsync(Cancellation);
        Task<string> Kubectl(params string[] arguments) => _instance.KubectlAsync(version, Cancellation, arguments);

        Assert.Contains("v1.36.", await Kubectl("version", "-o", "json"), StringComparison.Ordinal);
        Assert.Contains("deployments", await Kubectl("api-resources"), StringComparison.Ordinal);
        Assert.Contains("apps/v1", await Kubectl("api-versions"), StringComparison.Ordinal);
        await Kubectl("create", "namespace", "shop");
        await Kubectl("create", "deployment", "web", "-n", "shop", "--image=localhost/busybox:1", "--replicas=2");
        await Eventually.TrueAsync(
            async () => (await Kubectl("get", "pods", "-n", "shop", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 2, cancellation: Cancellation);
        Assert.Matches(@"NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE", await Kubectl("get", "deployments", "-n", "shop"));
        Assert.Matches(@"NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE", await Kubectl("get", "pods", "-n", "shop"));
        Assert.Contains("Replicas:", await Kubectl("describe", "deployment", "web", "-n", "shop"), StringComparison.Ordinal);
        Assert.Contains("KIND:", await Kubectl("explain", "pod.spec.containers"), StringComparison.Ordinal);
        await Kubectl("label", "deployment", "web", "-n", "shop", "tier=front");
        await Kubectl("annotate", "deployment", "web", "-n", "shop", "note=x");
        await Kubectl("patch", "deployment", "web", "-n", "shop", "-p", """{"spec":{"template":{"spec":{"containers":[{"name":"busybox","env":[{"name":"A","value":"b"}]}]}}}}""");
        await Kubectl("scale", "deployment", "web", "-n", "shop", "--replicas=1");
        await Kubectl("apply", "-f", Path.Combine(Repository.Root, "examples", "guestbook", "guestbook.yaml"));
        Assert.Contains("unchanged", await Kubectl("apply", "-f", Path.Combine(Repository.Root, "examples", "guestbook", "guestbook.yaml")), StringComparison.Ordinal);
        Assert.Equal("yes", (await Kubectl("auth", "can-i", "create", "pods")).Trim());
        await Kubectl("delete", "namespace", "shop", "guestbook", "--wait=true");
        Assert.DoesNotContain("shop", await Kubectl("get", "namespaces", "-o", "name"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_invalid_object_gets_upstreams_answer_and_an_unknown_field_a_warning()
    {
        Repository.RequireKubectl("sid");
        await _instance.UpAsync(Cancellation);
        var manifest = Path.Combine(_instance.DataDir, "bad.yaml");
        await File.WriteAllTextAsync(manifest, "apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c}]}\n", Cancellation);
        var refused = await _instance.TryKubectlAsync("sid", Cancellation, "create", "--validate=false", "-f", manifest);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("The Pod \"Bad_Name\" is invalid", refused.Error, StringComparison.Ordinal);
        Assert.Contains("metadata.name: Invalid value: \"Bad_Name\"", refused.Error, StringComparison.Ordinal);
        Assert.Contains("spec.containers[0].image: Required value", refused.Error, StringComparison.Ordinal);

        await File.WriteAllTextAsync(manifest, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndta: {a: b}\n", Cancellation);
        var strict = await _instance.TryKubectlAsync("sid", Cancellation, "create", "--validate=strict", "-f", manifest);
        Assert.Contains("unknown field \"dta\"", strict.Error, StringComparison.Ordinal);
        var warned = await _instance.TryKubectlAsync("sid", Cancellation, "create", "--validate=warn", "-f", manifest);
        Assert.Equal(0, warned.ExitCode);
        Assert.Contains("unknown field \"dta\"", warned.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_sends_rubbish_or_never_ends_harms_nobody()
    {
        Repository.RequireKubectl("sid");
        await _instance.UpAsync(Cancellation);
        var sockets = new List<Socket>();
        try
        {
            // Connections that say nothing, and connections that say nonsense instead of TLS.
            var refused = 0;
            for (var i = 0; i < 10_000; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                try
                {
                    await socket.ConnectAsync(IPAddress.Loopback, _instance.Port, Cancellation);
                    if (i % 2 == 0)
                        await socket.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Cancellation);
                }
                catch (SocketException)
                {
                    // The server takes only so many, and closes the rest.
                    refused++;
                }
            }

            Assert.True(refused < 10_000, "no connection was taken at all");

            // Who says nothing is shown the door after some seconds; others are served while the flood is still there.
            await Eventually.TrueAsync(async () => (await _instance.TryKubectlAsync("sid", Cancellation, "get", "--raw", "/readyz")).Output.Trim() == "ok", cancellation: Cancellation);
        }
        finally
        {
            sockets.ForEach(s => s.Dispose());
        }

        Assert.StartsWith("HTTP/1.1 400", await SpeakAsync("GET /api HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 401", await SpeakAsync("GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer nonsense\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 4", await SpeakAsync("POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n{"), StringComparison.Ordinal);
        Assert.Matches("^(closed|HTTP/1.1 4)", await SpeakAsync($"GET /{new string('a', 200_000)} HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.Equal("ok", (await _instance.KubectlAsync("sid", Cancellation, "get", "--raw", "/readyz")).Trim());
    }

    private const string Closed = "closed";

    private async Task<string> SpeakAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _instance.Port, Cancellation);
        // The certificate is not what this test is about.
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        try
        {
            await tls.WriteAsync(Encoding.ASCII.GetBytes(request), Cancellation);
            using var reader = new StreamReader(tls);
            return await reader.ReadLineAsync(Cancellation) ?? Closed;
        }
        catch (IOException)
        {
            // The server need not hear a bad request out.
            return Closed;
        }
    }
}
