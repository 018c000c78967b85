using System.Net.Sockets;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;

namespace Coxswain.Node.Probes;

internal enum ProbeOutcome
{
    Success,

    /// <summary>The container said no.</summary>
    Failure,

    /// <summary>Nobody can tell: the probe itself could not be made.</summary>
    Error,
}

internal sealed record ProbeAnswer(ProbeOutcome Outcome, string Output);

/// <summary>Where a container is probed.</summary>
internal sealed record ProbeTarget(Pod Pod, Container Container, string ContainerId, string PodIP);

/// <summary>Asks a container once, in one of the four ways.</summary>
internal interface IProber
{
    Task<ProbeAnswer> ProbeAsync(Probe probe, ProbeTarget target, CancellationToken cancellation);
}

internal sealed class Prober(IContainerRuntime runtime, TimeProvider clock) : IProber, IDisposable
{
    private const int MaxOutput = 10 * 1024;

    private readonly HttpProbe _http = new();
    private readonly GrpcProbe _grpc = new();

    public async Task<ProbeAnswer> ProbeAsync(Probe probe, ProbeTarget target, CancellationToken cancellation)
    {
        var timeout = TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds));
        if (probe.Exec is { } exec)
            return await ExecAsync(exec, target, timeout, cancellation);

        using var deadline = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            if (probe.HttpGet is { } http)
                return await _http.GetAsync(HttpProbe.AddressOf(http, target), http.HttpHeaders, either.Token);
            if (probe.TcpSocket is { } tcp)
                return await TcpAsync(tcp.Host.Length > 0 ? tcp.Host : target.PodIP, NamedPort.Resolve(tcp.Port, target.Container), either.Token);
            if (probe.Grpc is { } grpc)
                return await _grpc.CheckAsync(target.PodIP, grpc.Port, grpc.Service ?? "", either.Token);
            return new(ProbeOutcome.Error, "missing probe handler for " + PodContainers.Describe(target.Pod));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new(ProbeOutcome.Failure, TimedOut(probe, target, timeout));
        }
        catch (FormatException unusable)
        {
            return new(ProbeOutcome.Error, unusable.Message);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _grpc.Dispose();
    }

    private static string TimedOut(Probe probe, ProbeTarget target, TimeSpan timeout) => probe switch
    {
        { HttpGet: { } http } => $"Get \"{HttpProbe.AddressOf(http, target)}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        { TcpSocket: { } tcp } =>
            $"dial tcp {HostPort(tcp.Host.Length > 0 ? tcp.Host : target.PodIP, NamedPort.Resolve(tcp.Port, target.Container))}: i/o timeout",
        { Grpc: { } grpc } => $"timeout: failed to connect service \"{HostPort(target.PodIP, grpc.Port)}\" within {GoDuration.Format(timeout)}: "
            + "context deadline exceeded",
        _ => "context deadline exceeded",
    };

    private async Task<ProbeAnswer> ExecAsync(ExecAction exec, ProbeTarget target, TimeSpan timeout, CancellationToken cancellation)
    {
        string? NoVariables(string name) => null;
        var command = VariableExpansion.ExpandAll(exec.Command, NoVariables);
        try
        {
            var result = await runtime.ExecSyncAsync(target.ContainerId, command, timeout, cancellation);
            var output = Text(result.Stdout.Span) + Text(result.Stderr.Span);
            return new(result.ExitCode == 0 ? ProbeOutcome.Success : ProbeOutcome.Failure, output);
        }
        catch (RuntimeException late) when (late.Code == RuntimeErrorCode.DeadlineExceeded)
        {
            return new(ProbeOutcome.Failure, $"command timed out: \"{string.Join(' ', command)}\" timed out after {GoDuration.Format(timeout)}");
        }
        catch (RuntimeException failed)
        {
            return new(ProbeOutcome.Error, failed.Message);
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes.Length > MaxOutput ? bytes[..MaxOutput] : bytes);

    private static async Task<ProbeAnswer> TcpAsync(string host, int port, CancellationToken cancellation)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, cancellation);
            return new(ProbeOutcome.Success, "");
        }
        catch (SocketException refused)
        {
            return new(ProbeOutcome.Failure, $"dial tcp {HostPort(host, port)}: connect: {refused.Message.ToLowerInvariant()}");
        }
    }

    internal static string HostPort(string host, int port) =>
        host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
}

/// <summary>Ports given by number or by the name that the container gives them.</summary>
internal static class NamedPort
{
    /// <exception cref="FormatException">There is no such port.</exception>
    public static int Resolve(IntOrString port, Container container)
    {
        var number = port.IntValue;
        if (port.IsString)
        {
            number = 0;
            foreach (var candidate in container.Ports)
            {
                if (string.Equals(candidate.Name, port.StringValue, StringComparison.Ordinal))
                    number = candidate.ContainerPortValue;
            }

            if (number == 0 && !int.TryParse(port.StringValue, System.Globalization.CultureInfo.InvariantCulture, out number))
                throw new FormatException($"couldn't find port with name \"{port.StringValue}\"");
        }

        return number is > 0 and < 65536 ? number : throw new FormatException($"invalid port number: {number}");
    }
}
