using System.Diagnostics;
using System.Text.Json.Nodes;
using Coxswain.ApiServer;
using Coxswain.Testing.Cluster;

namespace Coxswain.Exchanges.Tests;

/// <summary>One replay of all recorded exchanges against a server of its own, which nothing else has touched.</summary>
public sealed class ReplayFixture : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);
    private readonly Dictionary<string, JsonNode> _results = [];

    /// <summary>Where the recordings and their tool are.</summary>
    public static string Folder { get; } = Path.Combine(FindRoot(), "tests", "Coxswain.Exchanges.Tests");

    /// <summary>The steps of a scenario that were answered otherwise: by step, the differing places.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Difference>> FailuresOf(string scenario)
    {
        Assert.True(_results.TryGetValue(scenario, out var result), $"{scenario} was not replayed: {Output}");
        return result!["failed"]!.AsArray().ToDictionary(
            step => (string)step!["step"]!,
            IReadOnlyList<Difference> (step) => [.. step!["differences"]!.AsArray().Select(Difference.Of)]);
    }

    /// <summary>What the tool said.</summary>
    public string Output { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var lines = await File.ReadAllLinesAsync(Path.Combine(Folder, "tokens.csv"), cancellation);
        var options = new ApiServerOptions { ServiceAccountIssuer = "https://kubernetes.default.svc" };
        await using var cluster = await TestCluster.StartAsync(
            cancellation, options, tokens: [.. lines.Where(l => !l.StartsWith(TestCluster.AdminToken + ",", StringComparison.Ordinal))]);
        var report = Path.GetTempFileName();
        try
        {
            await RunAsync(cluster.Address, report, cancellation);
            var results = JsonNode.Parse(await File.ReadAllTextAsync(report, cancellation))!["results"]!.AsArray();
            foreach (var result in results)
                _results[(string)result!["scenario"]!] = result;
        }
        finally
        {
            File.Delete(report);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task RunAsync(Uri server, string report, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("python3")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "-B", Path.Combine(Folder, "exchanges.py"), "replay", "--quiet", "--server", server.ToString().TrimEnd('/'),
                "--tokens", Path.Combine(Folder, "tokens.csv"), "--in", Path.Combine(Folder, "recorded"), "--report", report,
            },
        };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Output = await output + await errors;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Coxswain.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the repository's root is not above the tests");
        return folder;
    }
}

/// <summary>A place of an answer that is not as it was recorded.</summary>
public sealed record Difference(string Path, string What, string Expected, string Actual)
{
    public static Difference Of(JsonNode? node) => new(
        (string)node!["path"]!, (string)node["what"]!, node["expected"]?.ToJsonString() ?? "null", node["actual"]?.ToJsonString() ?? "null");
}
