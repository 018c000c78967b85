using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Coxswain.Benchmarks.Server;

/// <summary>The published executable (COXSWAIN_EXECUTABLE, or artifacts/publish/coxswain) as a control plane without a node.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Token = "benchmark";
    private readonly Process _process;

    private ServerProcess(Process process, Uri address)
    {
        _process = process;
#pragma warning disable CA5400, CA5359 // The server is on loopback and was made a moment ago.
        Client = new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } })
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromMinutes(2),
            DefaultRequestVersion = HttpVersion.Version20,
        };
#pragma warning restore CA5400, CA5359
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public HttpClient Client { get; }

    public int Id => _process.Id;

    /// <summary>How long it took from the start of the process until it said that it is ready.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static string Store(string dataDir) => Path.Combine(dataDir, "store", "state.db");

    /// <returns>Null: the executable is not there.</returns>
    /// <param name="alone">Without controllers and scheduler, whose work would be measured too.</param>
    public static async Task<ServerProcess?> StartAsync(string dataDir, bool alone = false, params (string Name, string Value)[] environment)
    {
        var executable = Environment.GetEnvironmentVariable("COXSWAIN_EXECUTABLE") ?? Path.GetFullPath("artifacts/publish/coxswain");
        if (!File.Exists(executable))
        {
            Console.WriteLine($"{executable} is missing: ./build.sh publish makes it");
            return null;
        }

        Directory.CreateDirectory(dataDir);
        var tokens = Path.Combine(dataDir, "tokens.csv");
        await File.WriteAllTextAsync(tokens, $"{Token},bench,bench,\"system:masters\"\n");
        var port = FreePort();
        var start = new ProcessStartInfo(executable,
        [
            "up", "--foreground", "--no-node", "--data-dir", dataDir, "--secure-port", $"{port}", "--bind-address", "127.0.0.1", "--token-auth-file", tokens,
            .. alone ? (string[])["--controllers", "-*", "--no-scheduler"] : [],
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var since = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var server = new ServerProcess(process, new($"https://127.0.0.1:{port}"));
        while (!await server.IsReadyAsync())
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(since) > TimeSpan.FromMinutes(2))
                throw new InvalidOperationException("the server did not become ready; its log is in the data folder");
            await Task.Delay(10);
        }

        server.ReadyAfter = Stopwatch.GetElapsedTime(since);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        using (var stop = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
            await stop.WaitForExitAsync();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/readyz", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
