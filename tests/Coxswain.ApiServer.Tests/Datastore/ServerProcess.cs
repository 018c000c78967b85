using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Testing;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>An API server in a process of its own (bench/Coxswain.DevHost), which can be killed and comes back under the same address.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static int _nextPort = 24_100;
    private readonly string _folder;
    private readonly int _port;
    private readonly string _etcd;
    private Process? _process;

    private ServerProcess(string folder, int port, string etcd) => (_folder, _port, _etcd) = (folder, port, etcd);

    public HttpApiClient Api { get; private set; } = null!;

    /// <param name="keys">A server whose keys this one shares; null: keys of its own.</param>
    public static async Task<ServerProcess> StartAsync(IReadOnlyList<Uri> etcd, ServerProcess? keys, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("coxswain-kill-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "tokens.csv"), "", cancellation);
        if (keys is not null)
        {
            Directory.CreateDirectory(Path.Combine(folder, "pki"));
            foreach (var file in Directory.GetFiles(Path.Combine(keys._folder, "pki")))
                File.Copy(file, Path.Combine(folder, "pki", Path.GetFileName(file)));
        }

        var server = new ServerProcess(folder, FreePort(), string.Join(',', etcd.Select(e => e.GetLeftPart(UriPartial.Authority))));
        server.Start();
        var config = Path.Combine(folder, "admin.kubeconfig");
        await Eventually.TrueAsync(() => File.Exists(config) && new FileInfo(config).Length > 0, cancellation: cancellation);
        server.Api = new(KubeConfig.Load(config), TimeProvider.System);
        await server.AnswersAsync(cancellation);
        return server;
    }

    /// <summary>kill -9, and up again.</summary>
    public async Task KillAndRestartAsync(CancellationToken cancellation)
    {
        await KillAsync();
        Start();
        await AnswersAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Api?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Task AnswersAsync(CancellationToken cancellation) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                await Api.GetAsync<Namespace>(new("", "kube-system"), cancellation);
                return true;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                return false;
            }
        },
        cancellation: cancellation);

    private void Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } own && Path.GetFileName(own) == "dotnet" ? own : "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in new[] { Program(), $"{_port}", _folder, Path.Combine(_folder, "tokens.csv"), _etcd })
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        // Read and thrown away, so that it never waits for a reader.
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _process = null;
    }

    /// <summary>Beside the tests, of the same configuration.</summary>
    private static string Program()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        return Path.Combine(own.Parent!.Parent!.FullName, "Coxswain.DevHost", own.Name, "Coxswain.DevHost.dll");
    }

    /// <summary>None that the kernel gives away to others while the server is down.</summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref _nextPort);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
