using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Coxswain.Testing;

namespace Coxswain.EndToEnd.Tests.ExitDoor;

/// <summary>A process of upstream's kube-apiserver v1.20 over an etcd, alone, and kubectl 1.20 for it. Disposing ends it.</summary>
internal sealed class UpstreamServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _log;
    private readonly string[] _access;

    private UpstreamServer(Process process, string address, string token)
    {
        _process = process;
        _log = process.StandardError.ReadToEndAsync();
        _access = ["--server", address, "--insecure-skip-tls-verify", "--token", token];
    }

    public static string Program { get; } = Path.Combine(Repository.Root, "tools", "upstream", "1.20", "kube-apiserver");

    public static async Task<UpstreamServer> StartAsync(string folder, Uri etcd, string serviceAccountKey, CancellationToken cancellation)
    {
        int port;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        var token = Guid.NewGuid().ToString("N");
        var tokens = Path.Combine(folder, "upstream-tokens.csv");
        await File.WriteAllTextAsync(tokens, $"{token},admin,u1,\"system:masters\"\n", cancellation);
        var process = Process.Start(new ProcessStartInfo(
            Program,
            [
                $"--etcd-servers={etcd}", $"--secure-port={port.ToString(CultureInfo.InvariantCulture)}", "--bind-address=127.0.0.1",
                $"--cert-dir={Path.Combine(folder, "upstream-certs")}", "--service-account-issuer=https://kubernetes.default.svc",
                $"--service-account-signing-key-file={serviceAccountKey}", $"--service-account-key-file={serviceAccountKey}",
                "--service-cluster-ip-range=10.96.0.0/16", $"--token-auth-file={tokens}", "--authorization-mode=Node,RBAC",
                "--disable-admission-plugins=ServiceAccount",
            ])
        { RedirectStandardError = true })!;
        var server = new UpstreamServer(process, $"https://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}", token);
        await Eventually.TrueAsync(
            async () => !process.HasExited && (await server.TryKubectlAsync(cancellation, "get", "namespace", "default")).ExitCode == 0, cancellation: cancellation);
        return server;
    }

    public Task<Shell.Result> TryKubectlAsync(CancellationToken cancellation, params string[] arguments) =>
        Shell.TryAsync(Repository.Kubectl("1.20"), [.. _access, .. arguments], cancellation);

    public async Task<string> KubectlAsync(CancellationToken cancellation, params string[] arguments)
    {
        var result = await TryKubectlAsync(cancellation, arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)} ended with {result.ExitCode}:\n{result.Text}");
        return result.Output;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _log;
        _process.Dispose();
    }
}
