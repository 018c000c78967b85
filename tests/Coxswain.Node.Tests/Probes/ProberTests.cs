using System.Net;
using System.Net.Sockets;
using System.Text;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Coxswain.Node.Tests.Pods;
using Coxswain.Testing;

namespace Coxswain.Node.Tests.Probes;

public sealed class ProberTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly FakeClock _clock = new();
    private readonly FakeRuntime _runtime;
    private readonly Prober _prober;

    public ProberTests()
    {
        _listener.Start();
        _runtime = new(_clock);
        _prober = new(_runtime, _clock);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _prober.Dispose();
        _listener.Dispose();
    }

    [Theory]
    [InlineData("200 OK", true)]
    [InlineData("302 Found\r\nLocation: http://elsewhere.example/", true)]
    [InlineData("404 Not Found", false)]
    [InlineData("500 Broken", false)]
    public async Task An_http_answer_between_200_and_399_is_a_success(string status, bool success)
    {
        var request = AnswerAsync($"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");

        var answer = await _prober.ProbeAsync(
            new() { HttpGet = new() { Path = "health", Port = "http", HttpHeaders = [new() { Name = "X-Probe", Value = "1" }, new() { Name = "Host", Value = "inside" }] } }, Target(), Cancellation);

        Assert.Equal(success ? ProbeOutcome.Success : ProbeOutcome.Failure, answer.Outcome);
        if (!success)
            Assert.Equal("HTTP probe failed with statuscode: " + status[..3], answer.Output);
        var text = await request;
        Assert.StartsWith("GET /health HTTP/1.1\r\n", text, StringComparison.Ordinal);
        Assert.Contains("X-Probe: 1\r\n", text, StringComparison.Ordinal);
        Assert.Contains("Host: inside\r\n", text, StringComparison.Ordinal);
        Assert.Contains("User-Agent: kube-probe/1.36\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_is_a_failure_when_the_time_is_up()
    {
        var waiting = _clock.Waiting;
        var probing = _prober.ProbeAsync(new() { HttpGet = new() { Path = "/", Port = Port }, TimeoutSeconds = 2 }, Target(), Cancellation);
        await Eventually.TrueAsync(() => _clock.Waiting > waiting, cancellation: Cancellation);
        _clock.Advance(TimeSpan.FromSeconds(2));

        var answer = await probing;

        Assert.Equal(ProbeOutcome.Failure, answer.Outcome);
        Assert.Equal($"Get \"http://127.0.0.1:{Port}/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)", answer.Output);
    }

    [Fact]
    public async Task A_port_that_listens_satisfies_a_tcp_probe_and_a_closed_one_does_not()
    {
        Assert.Equal(ProbeOutcome.Success, (await _prober.ProbeAsync(new() { TcpSocket = new() { Port = Port } }, Target(), Cancellation)).Outcome);
        var port = Port;
        _listener.Stop();

        var refused = await _prober.ProbeAsync(new() { TcpSocket = new() { Port = port } }, Target(port), Cancellation);

        Assert.Equal(ProbeOutcome.Failure, refused.Outcome);
        Assert.Equal($"dial tcp 127.0.0.1:{port}: connect: connection refused", refused.Output);
    }

    [Fact]
    public async Task A_command_succeeds_by_its_exit_code()
    {
        await _runtime.CreateContainerAsync("s", new() { Metadata = new("web", 0), Image = new("x") }, new() { Metadata = new("p", "u", "n", 0) }, Cancellation);
        var target = Target() with { ContainerId = _runtime.Find("web").Id };
        _runtime.Exec = (_, command) => new(Encoding.UTF8.GetBytes("out of "), Encoding.UTF8.GetBytes("order"), command[0] == "good" ? 0 : 1);

        Assert.Equal(ProbeOutcome.Success, (await _prober.ProbeAsync(Exec("good"), target, Cancellation)).Outcome);
        Assert.Equal(new ProbeAnswer(ProbeOutcome.Failure, "out of order"), await _prober.ProbeAsync(Exec("bad"), target, Cancellation));
        _runtime.Exec = (_, _) => throw new RuntimeException(RuntimeErrorCode.DeadlineExceeded, "late");
        Assert.Equal(
            new ProbeAnswer(ProbeOutcome.Failure, "command timed out: \"slow\" timed out after 3s"),
            await _prober.ProbeAsync(Exec("slow") with { TimeoutSeconds = 3 }, target, Cancellation));
        _runtime.Exec = (_, _) => throw new RuntimeException(RuntimeErrorCode.Unknown, "gone");
        Assert.Equal(ProbeOutcome.Error, (await _prober.ProbeAsync(Exec("lost"), target, Cancellation)).Outcome);
    }

    [Fact]
    public async Task A_name_that_no_port_has_is_an_error()
    {
        var answer = await _prober.ProbeAsync(new() { HttpGet = new() { Path = "/", Port = "nope" } }, Target(), Cancellation);

        Assert.Equal(new ProbeAnswer(ProbeOutcome.Error, "couldn't find port with name \"nope\""), answer);
    }

    [Fact]
    public void The_grpc_health_messages_are_as_the_protocol_says()
    {
        Assert.Equal([0, 0, 0, 0, 0], GrpcProbe.RequestFor(""));
        Assert.Equal([0, 0, 0, 0, 4, 0x0A, 2, (byte)'d', (byte)'b'], GrpcProbe.RequestFor("db"));
        Assert.Equal(1, GrpcProbe.StatusOf([0, 0, 0, 0, 2, 0x08, 1]));
        Assert.Equal(2, GrpcProbe.StatusOf([0, 0, 0, 0, 2, 0x08, 2]));
        Assert.Equal(0, GrpcProbe.StatusOf([0, 0, 0, 0, 0]));
    }

    private static Probe Exec(string command) => new() { Exec = new() { Command = [command] } };

    private ProbeTarget Target(int? port = null)
    {
        var container = TestPods.Container("web", c => c with { Ports = [new() { Name = "http", ContainerPortValue = port ?? Port }] });
        return new(TestPods.Pod("web", container), container, "id", "127.0.0.1");
    }

    private async Task<string> AnswerAsync(string response)
    {
        using var client = await _listener.AcceptTcpClientAsync(Cancellation);
        var stream = client.GetStream();
        var buffer = new byte[4096];
        var length = 0;
        while (!Encoding.ASCII.GetString(buffer, 0, length).Contains("\r\n\r\n", StringComparison.Ordinal))
            length += await stream.ReadAsync(buffer.AsMemory(length), Cancellation);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(response), Cancellation);
        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
