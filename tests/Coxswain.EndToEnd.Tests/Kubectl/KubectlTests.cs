namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>Every verb of kubectl that needs no running pod, with the oldest and the newest kubectl that a user is likely to have.</summary>
public sealed class KubectlTests(KubectlCluster cluster) : IClassFixture<KubectlCluster>
{
    internal static IReadOnlyList<Row> Rows { get; } = [.. CreateRows.All, .. ReadRows.All, .. ChangeRows.All, .. WorkloadRows.All, .. ClusterRows.All, .. LocalRows.All];

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var row in Rows)
            foreach (var version in row.Versions)
                cases.Add(row.Name, version);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Kubectl(string sentence, string version)
    {
        Repository.RequireKubectl(version);
        var runner = await cluster.StartedAsync();
        await runner.ResultAsync(RowRunner.Key(Rows.Single(r => r.Name == sentence), version));
    }
}

/// <summary>A control plane for the rows: everything but a node.</summary>
public sealed class KubectlCluster : IAsyncLifetime
{
    private readonly Instance _instance = new("kubectl", "--no-node", "--in-memory", "--bind-address", "127.0.0.1");
    private readonly CancellationTokenSource _stop = new();
    private Task<RowRunner>? _started;

    internal Task<RowRunner> StartedAsync() => _started ??= StartAsync();

    private async Task<RowRunner> StartAsync()
    {
        Repository.RequireExecutable();
        await _instance.UpAsync(_stop.Token);
        var runner = new RowRunner(_instance, "row");
        await runner.BeginAsync(KubectlTests.Rows, _stop.Token);
        return runner;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _instance.RemoveAsync();
        _stop.Dispose();
    }
}
