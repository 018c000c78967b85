using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Coxswain.Testing.Etcd;

/// <summary>One etcd process with its folder, ports and log. Ended by its own process id, never by a name.</summary>
internal sealed class EtcdMember(string program, string name, string folder, EtcdTlsFiles? tls) : IAsyncDisposable
{
    private readonly Lock _log = new();
    private Process? _process;
    private bool _paused;

    public string Name => name;

    public int ClientPort { get; private set; } = FreePort();

    /// <summary>Where the process listens for its peers.</summary>
    public int PeerPort { get; } = FreePort();

    /// <summary>Where its peers are told to find it: the same, or a shim before it.</summary>
    public int AdvertisedPeerPort { get; set; }

    public Uri Endpoint => new($"{Scheme}://127.0.0.1:{ClientPort}");

    public Uri AdvertisedPeer => new($"{Scheme}://127.0.0.1:{AdvertisedPeerPort}");

    public string DataFolder => Path.Combine(folder, name);

    public string LogFile => Path.Combine(folder, name + ".log");

    public bool Running => _process is { HasExited: false };

    public int ProcessId => Running ? _process!.Id : 0;

    private string Scheme => tls is null ? "http" : "https";

    public void Start(string initialCluster, IEnumerable<string> extra)
    {
        List<string> arguments =
        [
            "--name", name, "--data-dir", DataFolder, "--log-level", "warn", "--logger", "zap",
            "--listen-client-urls", Text(Endpoint), "--advertise-client-urls", Text(Endpoint),
            "--listen-peer-urls", $"{Scheme}://127.0.0.1:{PeerPort}", "--initial-advertise-peer-urls", Text(AdvertisedPeer),
            "--initial-cluster", initialCluster, "--initial-cluster-token", Path.GetFileName(folder),
        ];
        if (tls is not null)
        {
            arguments.AddRange(["--cert-file", tls.MemberCertificate, "--key-file", tls.MemberKey, "--client-cert-auth", "--trusted-ca-file", tls.CaFile]);
            arguments.AddRange(["--peer-cert-file", tls.MemberCertificate, "--peer-key-file", tls.MemberKey, "--peer-client-cert-auth", "--peer-trusted-ca-file", tls.CaFile]);
        }

        var start = new ProcessStartInfo(program, [.. arguments, .. extra]) { RedirectStandardError = true, RedirectStandardOutput = true };
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process?.Dispose();
        _process = process;
        _paused = false;
    }

    public async Task KillAsync()
    {
        if (_process is not { HasExited: false } process)
            return;
        process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
    }

    public void Pause()
    {
        Signal.Pause(ProcessId);
        _paused = true;
    }

    public void Resume()
    {
        if (_paused && Running)
            Signal.Resume(ProcessId);
        _paused = false;
    }

    /// <summary>The end of what the process has said, for a failure's message.</summary>
    public string Tail()
    {
        lock (_log)
            return File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(15)) : "";
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
        _process = null;
    }

    /// <summary>A port that is free, and below those that the kernel gives to outgoing connections: one of them could have it while the
    /// member is down.</summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another one, then.
            }
        }
    }

    private static string Text(Uri uri) => uri.ToString().TrimEnd('/');

    private void Append(string? line)
    {
        if (line is null)
            return;
        lock (_log)
            File.AppendAllText(LogFile, line + "\n");
    }
}
