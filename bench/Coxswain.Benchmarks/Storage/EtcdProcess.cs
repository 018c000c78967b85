using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Coxswain.Benchmarks.Storage;

/// <summary>A real etcd of one member beside the store that is measured, spoken to through its JSON gateway.</summary>
internal sealed class EtcdProcess : IAsyncDisposable
{
    private readonly Scratch _scratch;
    private readonly Process _process;
    private readonly HttpClient _client;

    private EtcdProcess(Scratch scratch, Process process, Uri address)
    {
        (_scratch, _process) = (scratch, process);
        _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = address };
    }

    /// <returns>Null: etcd is not installed.</returns>
    public static async Task<EtcdProcess?> StartAsync()
    {
        var scratch = new Scratch();
        var (client, peer) = (FreePort(), FreePort());
        var start = new ProcessStartInfo("etcd",
        [
            "--data-dir", scratch.Path("etcd"), "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}", "--initial-cluster", $"default=http://127.0.0.1:{peer}",
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        try
        {
            var process = Process.Start(start)!;
            process.ErrorDataReceived += static (_, _) => { };
            process.OutputDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            process.BeginOutputReadLine();
            var etcd = new EtcdProcess(scratch, process, new($"http://127.0.0.1:{client}"));
            for (var i = 0; ; i++)
            {
                try
                {
                    await etcd.PutAsync("/ready", []);
                    return etcd;
                }
                catch (HttpRequestException) when (i < 200)
                {
                    await Task.Delay(50);
                }
            }
        }
        catch (Win32Exception)
        {
            scratch.Dispose();
            return null;
        }
    }

    public async Task PutAsync(string key, byte[] value)
    {
        var body = $$"""{"key":"{{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(key))}}","value":"{{Convert.ToBase64String(value)}}"}""";
        using var content = new StringContent(body);
        using var response = await _client.PostAsync(new Uri("/v3/kv/put", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _client.Dispose();
        _scratch.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
