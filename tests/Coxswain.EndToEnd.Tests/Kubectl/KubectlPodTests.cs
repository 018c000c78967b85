using System.Diagnostics;

namespace Coxswain.EndToEnd.Tests.Kubectl;

/// <summary>The verbs of kubectl that need pods that run, and those that go on until they are stopped.</summary>
[Collection(nameof(PodCollection))]
public sealed class KubectlPodTests(KubectlPodCluster cluster)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var row in PodRows.All)
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
        await runner.ResultAsync(RowRunner.Key(PodRows.All.Single(r => r.Name == sentence), version));
    }

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task A_watch_prints_changes_as_they_come(string version)
    {
        Repository.RequireKubectl(version);
        await cluster.StartedAsync();
        await cluster.Instance.KubectlAsync(version, Cancellation, "create", "configmap", $"watched-{version}", "--from-literal=x=1");
        using var watch = Start(version, "get", "configmap", $"watched-{version}", "-w", "-o", "jsonpath={.data.x}{\"\\n\"}");
        try
        {
            Assert.Equal("1", await watch.StandardOutput.ReadLineAsync(Cancellation));
            foreach (var value in new[] { "2", "3" })
            {
                await cluster.Instance.KubectlAsync(version, Cancellation, "patch", "configmap", $"watched-{version}", "--type=merge", "-p", $$$"""{"data":{"x":"{{{value}}}"}}""");
                Assert.Equal(value, await watch.StandardOutput.ReadLineAsync(Cancellation));
            }
        }
        finally
        {
            watch.Kill();
        }
    }

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task A_proxy_passes_requests_on(string version)
    {
        Repository.RequireKubectl(version);
        await cluster.StartedAsync();
        using var proxy = Start(version, "proxy", "--port=0");
        try
        {
            var line = await proxy.StandardOutput.ReadLineAsync(Cancellation) ?? "";
            Assert.StartsWith("Starting to serve on 127.0.0.1:", line, StringComparison.Ordinal);
            using var http = new HttpClient();
            Assert.Contains("\"kind\":\"NamespaceList\"", await http.GetStringAsync(new Uri($"http://{line["Starting to serve on ".Length..]}/api/v1/namespaces"), Cancellation), StringComparison.Ordinal);
        }
        finally
        {
            proxy.Kill();
        }
    }

    private Process Start(string version, params string[] arguments) => Process.Start(
        new ProcessStartInfo(Repository.Kubectl(version), ["--kubeconfig", cluster.Instance.KubeConfig, .. arguments]) { RedirectStandardOutput = true })!;
}

/// <summary>Those who share the cluster with a node.</summary>
[CollectionDefinition(nameof(PodCollection))]
public sealed class PodCollection : ICollectionFixture<KubectlPodCluster>;

/// <summary>A cluster with a node that has busybox's image.</summary>
public sealed class KubectlPodCluster : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private Task<RowRunner>? _started;

    internal Instance Instance { get; } = new("rows", "--node-name", "rows");

    internal Task<RowRunner> StartedAsync() => _started ??= StartAsync();

    private async Task<RowRunner> StartAsync()
    {
        Repository.RequireNode();
        await Instance.UpAsync(_stop.Token);
        var image = Path.Combine(Repository.Root, "artifacts", "images", "busybox.tar");
        if (!File.Exists(image))
            await Shell.RunAsync(Path.Combine(Repository.Root, "examples", "guestbook", "build-images.sh"), ["busybox"], _stop.Token, limit: TimeSpan.FromMinutes(10));
        var imported = await Instance.CommandAsync(_stop.Token, "image", "import", image);
        Assert.True(imported.ExitCode == 0, imported.Text);
        var runner = new RowRunner(Instance, "row");
        await runner.BeginAsync(PodRows.All, _stop.Token);
        return runner;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Instance.RemoveAsync();
        _stop.Dispose();
    }
}
