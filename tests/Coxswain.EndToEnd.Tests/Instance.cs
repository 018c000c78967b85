using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Coxswain.EndToEnd.Tests;

/// <summary>An instance of the published executable in a folder of its own.</summary>
internal sealed class Instance(string name, params string[] options)
{
    public string DataDir { get; } = $"/tmp/cxw-{name}-{Environment.ProcessId}";

    public int Port { get; } = FreePort();

    public string KubeConfig => Path.Combine(DataDir, "admin.kubeconfig");

    public int Pid
    {
        get
        {
            using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(DataDir, "run", "instance.json")));
            return record.RootElement.GetProperty(nameof(Pid)).GetInt32();
        }
    }

    public Task<Shell.Result> TryUpAsync(CancellationToken cancellation) =>
        Shell.TryAsync(Repository.Executable, ["up", "--data-dir", DataDir, "--secure-port", Port.ToString(CultureInfo.InvariantCulture), .. options], cancellation, limit: TimeSpan.FromMinutes(3));

    public async Task<string> UpAsync(CancellationToken cancellation)
    {
        var result = await TryUpAsync(cancellation);
        Assert.True(result.ExitCode == 0, $"up ended with {result.ExitCode}:\n{result.Text}\n{await LogTailAsync(cancellation)}");
        return result.Output;
    }

    public Task<Shell.Result> CommandAsync(CancellationToken cancellation, params string[] arguments) =>
        Shell.TryAsync(Repository.Executable, [.. arguments, "--data-dir", DataDir], cancellation);

    public async Task<string> LogTailAsync(CancellationToken cancellation)
    {
        var log = Path.Combine(DataDir, "log", "coxswain.log");
        return File.Exists(log) ? string.Join('\n', (await File.ReadAllLinesAsync(log, cancellation)).TakeLast(60)) : "(no log)";
    }

    public Task<Shell.Result> TryKubectlAsync(string version, CancellationToken cancellation, params string[] arguments) =>
        Shell.TryAsync(Repository.Kubectl(version), ["--kubeconfig", KubeConfig, .. arguments], cancellation);

    public async Task<string> KubectlAsync(string version, CancellationToken cancellation, params string[] arguments)
    {
        var result = await TryKubectlAsync(version, cancellation, arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {version} {string.Join(' ', arguments)} ended with {result.ExitCode}:\n{result.Text}");
        return result.Output;
    }

    /// <summary>Removes the instance, whatever state it is in.</summary>
    public async Task RemoveAsync()
    {
        if (Directory.Exists(DataDir))
            await Shell.TryAsync(Repository.Executable, ["reset", "--yes", "--data-dir", DataDir], CancellationToken.None, limit: TimeSpan.FromMinutes(3));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
