using System.Globalization;
using System.Net;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Microsoft.AspNetCore.Http;

namespace Coxswain.Node.Server;

/// <summary>/exec, /attach, /portForward: asks the runtime for an address and passes the upgraded connection through to it.
/// /run: a command without streams.</summary>
internal sealed class StreamingHandler(IPodDirectory pods, IContainerRuntime runtime)
{
    public async Task ExecAsync(
        HttpContext context, string podNamespace, string podName, string? uid, string containerName, CancellationToken cancellation)
    {
        var streams = Streams.Parse(context.Request.Query);
        var container = FindContainer(podNamespace, podName, uid, containerName);
        var address = await runtime.ExecAsync(new()
        {
            ContainerId = container.Id,
            Command = [.. context.Request.Query["command"].Select(c => c ?? "")],
            Stdin = streams.Stdin,
            Stdout = streams.Stdout,
            Stderr = streams.Stderr,
            Tty = streams.Tty,
        }, cancellation);
        await StreamTunnel.RunAsync(context, address, cancellation);
    }

    public async Task AttachAsync(
        HttpContext context, string podNamespace, string podName, string? uid, string containerName, CancellationToken cancellation)
    {
        var streams = Streams.Parse(context.Request.Query);
        var container = FindContainer(podNamespace, podName, uid, containerName);
        if (!container.Running)
        {
            throw new KubeletApiException(HttpStatusCode.InternalServerError,
                $"container {containerName} not found in pod {podName}_{podNamespace}");
        }
        var address = await runtime.AttachAsync(new()
        {
            ContainerId = container.Id,
            Stdin = streams.Stdin,
            Stdout = streams.Stdout,
            Stderr = streams.Stderr,
            Tty = streams.Tty,
        }, cancellation);
        await StreamTunnel.RunAsync(context, address, cancellation);
    }

    public async Task PortForwardAsync(HttpContext context, string podNamespace, string podName, string? uid, CancellationToken cancellation)
    {
        // SPDY clients name the ports in their streams, WebSocket clients in the query.
        var ports = new List<int>();
        foreach (var text in context.Request.Query["port"].Concat(context.Request.Query["ports"]).SelectMany(p => (p ?? "").Split(',')))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
                throw KubeletApiException.BadRequest($"unable to parse \"{text}\" as a port");
            ports.Add(port);
        }
        var entry = Find(podNamespace, podName, uid);
        var sandbox = entry.SandboxId
            ?? throw new KubeletApiException(HttpStatusCode.InternalServerError,
                $"pod not found (\"{podName}_{podNamespace}({entry.Pod.Metadata.Uid})\")");
        var address = await runtime.PortForwardAsync(new(sandbox, ports), cancellation);
        await StreamTunnel.RunAsync(context, address, cancellation);
    }

    public async Task RunAsync(
        HttpContext context, string podNamespace, string podName, string? uid, string containerName, CancellationToken cancellation)
    {
        var container = FindContainer(podNamespace, podName, uid, containerName);
        var command = context.Request.Query["cmd"].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var result = await runtime.ExecSyncAsync(container.Id, command, TimeSpan.Zero, cancellation);
        if (result.ExitCode != 0)
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        context.Response.ContentType = "text/plain";
        await context.Response.Body.WriteAsync(result.Stdout, cancellation);
        await context.Response.Body.WriteAsync(result.Stderr, cancellation);
    }

    private PodEntry Find(string podNamespace, string podName, string? uid) =>
        pods.Find(podNamespace, podName, uid) ?? throw KubeletApiException.NotFound("pod does not exist");

    private PodEntryContainer FindContainer(string podNamespace, string podName, string? uid, string containerName) =>
        Find(podNamespace, podName, uid).FindContainer(containerName)
        ?? throw new KubeletApiException(HttpStatusCode.InternalServerError, $"container not found (\"{containerName}\")");

    /// <summary>Which streams a client wants. The API server says input, output and error; kubectl's own words are understood too.</summary>
    internal readonly record struct Streams(bool Stdin, bool Stdout, bool Stderr, bool Tty)
    {
        public static Streams Parse(IQueryCollection query)
        {
            var tty = Flag(query, "tty");
            var streams = new Streams(
                Flag(query, "input") || Flag(query, "stdin"),
                Flag(query, "output") || Flag(query, "stdout"),
                // A terminal has one output.
                !tty && (Flag(query, "error") || Flag(query, "stderr")),
                tty);
            return streams is { Stdin: false, Stdout: false, Stderr: false }
                ? throw KubeletApiException.BadRequest("you must specify at least 1 of stdin, stdout, stderr")
                : streams;
        }

        private static bool Flag(IQueryCollection query, string name) => query[name].ToString() is "1" or "true";
    }
}
