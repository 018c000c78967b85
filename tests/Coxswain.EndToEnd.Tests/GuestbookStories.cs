using System.Diagnostics;
using Coxswain.Testing;

namespace Coxswain.EndToEnd.Tests;

/// <summary>A real application of several tiers on a real node, with the kubectl of Debian 12 and a current one.</summary>
public sealed class GuestbookStories(GuestbookCluster cluster) : IClassFixture<GuestbookCluster>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Manifest => Path.Combine(Repository.Root, "examples", "guestbook", "guestbook.yaml");

    [Theory]
    [InlineData("1.20")]
    [InlineData("sid")]
    public async Task The_guestbook_runs_is_looked_into_updated_without_a_failed_request_and_removed(string version)
    {
        Repository.RequireKubectl(version);
        var instance = await cluster.StartedAsync(Cancellation);
        Task<string> Kubectl(params string[] arguments) => instance.KubectlAsync(version, Cancellation, ["-n", "guestbook", .. arguments]);

        // Applied, and all of it Ready.
        await instance.KubectlAsync(version, Cancellation, "apply", "-f", Manifest);
        foreach (var deployment in new[] { "redis-leader", "redis-follower", "frontend" })
            await Kubectl("rollout", "status", $"deployment/{deployment}", "--timeout=120s");
        await Kubectl("wait", "--for=condition=Ready", "pods", "--all", "--timeout=60s");

        // Written and read through the node port.
        var node = (await instance.KubectlAsync(version, Cancellation, "get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}")).Trim();
        using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { BaseAddress = new($"http://{node}:30080"), Timeout = TimeSpan.FromSeconds(10) };
        var entry = $"written by the test with kubectl {version}";
        using (var written = await http.PostAsync(new Uri("/entries", UriKind.Relative), new StringContent(entry), Cancellation))
            Assert.True(written.IsSuccessStatusCode, await written.Content.ReadAsStringAsync(Cancellation));
        await Eventually.TrueAsync(async () => (await http.GetStringAsync(new Uri("/entries", UriKind.Relative), Cancellation)).Contains(entry, StringComparison.Ordinal), cancellation: Cancellation);

        // Looked at.
        Assert.Matches(@"NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES", await Kubectl("get", "pods", "-o", "wide"));
        Assert.Matches(@"frontend\s+NodePort\s+10\.96\.\d+\.\d+\s+<none>\s+80:30080/TCP", await Kubectl("get", "services"));
        var pod = (await Kubectl("get", "pods", "-l", "app=frontend", "-o", "jsonpath={.items[0].metadata.name}")).Trim();
        var description = await Kubectl("describe", "pod", pod);
        Assert.Contains("Started", description, StringComparison.Ordinal);
        Assert.Contains("Successfully assigned guestbook/", description, StringComparison.Ordinal);
        Assert.Contains("Roles:", await instance.KubectlAsync(version, Cancellation, "describe", "nodes"), StringComparison.Ordinal);
        Assert.Contains("Ready to accept connections", await Kubectl("logs", "deployment/redis-leader"), StringComparison.Ordinal);
        await FollowsLogsAsync(instance, version);

        // Entered.
        Assert.Equal($"{pod}\n", await Kubectl("exec", pod, "--", "sh", "-c", "echo $POD_NAME"));
        var typed = await Shell.RunAsync("script", ["-qec", $"{Repository.Kubectl(version)} --kubeconfig {instance.KubeConfig} -n guestbook exec -it {pod} -- /bin/sh", "/dev/null"], Cancellation,
            input: "echo typed-$((40+2))\nexit\n");
        Assert.Contains("typed-42", typed, StringComparison.Ordinal);
        Assert.Contains("10.96.", await Kubectl("exec", pod, "--", "nslookup", "redis-leader.guestbook.svc.cluster.local"), StringComparison.Ordinal);
        var refused = await instance.TryKubectlAsync(version, Cancellation, "-n", "guestbook", "exec", pod, "--", "sh", "-c", "exit 7");
        Assert.Equal(7, refused.ExitCode);

        // Copied to and from.
        var file = Path.Combine(instance.DataDir, "copied");
        await File.WriteAllTextAsync(file, entry, Cancellation);
        await Kubectl("cp", file, $"{pod}:/tmp/copied");
        Assert.Equal(entry, await Kubectl("exec", pod, "--", "cat", "/tmp/copied"));
        await Kubectl("cp", $"{pod}:/tmp/copied", file + ".back");
        Assert.Equal(entry, await File.ReadAllTextAsync(file + ".back", Cancellation));

        await ForwardsPortsAsync(instance, version);

        // Scaled.
        await Kubectl("scale", "deployment/frontend", "--replicas=4");
        await Kubectl("rollout", "status", "deployment/frontend", "--timeout=60s");
        await Kubectl("scale", "deployment/frontend", "--replicas=3");

        // Updated under load: not one request fails.
        await UpdatesUnderLoadAsync(instance, version, http);
        await Kubectl("rollout", "undo", "deployment/frontend");
        await Kubectl("rollout", "status", "deployment/frontend", "--timeout=120s");
        await Eventually.TrueAsync(async () => (await http.GetStringAsync(new Uri("/version", UriKind.Relative), Cancellation)).StartsWith("1.0", StringComparison.Ordinal), cancellation: Cancellation);
        Assert.Contains("REVISION", await Kubectl("rollout", "history", "deployment/frontend"), StringComparison.Ordinal);

        // A process that dies is started again.
        var leader = (await Kubectl("get", "pods", "-l", "role=leader", "-o", "jsonpath={.items[0].metadata.name}")).Trim();
        await instance.TryKubectlAsync(version, Cancellation, "-n", "guestbook", "exec", leader, "--", "/bin/sh", "-c", "kill -9 1; kill -TERM 1");
        await Eventually.TrueAsync(
            async () => (await Kubectl("get", "pod", leader, "-o", "jsonpath={.status.containerStatuses[0].restartCount}")).Trim() == "1", cancellation: Cancellation);
        await Kubectl("wait", "--for=condition=Ready", $"pod/{leader}", "--timeout=60s");

        // A pod that is deleted is replaced.
        await Kubectl("delete", "pod", leader);
        await Kubectl("rollout", "status", "deployment/redis-leader", "--timeout=60s");
        Assert.NotEqual(leader, (await Kubectl("get", "pods", "-l", "role=leader", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[0].metadata.name}")).Trim());

        // The process is killed: containers live on, and nothing is lost.
        await SurvivesKillAsync(instance, version);

        // And it all goes.
        await instance.KubectlAsync(version, Cancellation, "delete", "namespace", "guestbook", "--timeout=120s");
        Assert.DoesNotContain("guestbook", await instance.KubectlAsync(version, Cancellation, "get", "pods", "--all-namespaces"), StringComparison.Ordinal);
    }

    private static async Task FollowsLogsAsync(Instance instance, string version)
    {
        await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "run", "ticker", "--image=localhost/busybox:1", "--restart=Never", "--",
            "/bin/sh", "-c", "for i in 1 2 3 4 5; do echo tick-$i; sleep 0.2; done");
        await Eventually.TrueAsync(
            async () => (await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "get", "pod", "ticker", "-o", "jsonpath={.status.phase}")) is "Running" or "Succeeded", cancellation: Cancellation);
        // Follows to the end of the container, and then ends by itself.
        var logs = await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "logs", "-f", "ticker");
        Assert.Equal("tick-1\ntick-2\ntick-3\ntick-4\ntick-5\n", logs);
        await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "delete", "pod", "ticker");
    }

    private static async Task ForwardsPortsAsync(Instance instance, string version)
    {
        var start = new ProcessStartInfo(Repository.Kubectl(version), ["--kubeconfig", instance.KubeConfig, "-n", "guestbook", "port-forward", "service/frontend", ":80"])
        {
            RedirectStandardOutput = true,
        };
        using var forward = Process.Start(start)!;
        try
        {
            var line = await forward.StandardOutput.ReadLineAsync(Cancellation) ?? "";
            Assert.StartsWith("Forwarding from 127.0.0.1:", line, StringComparison.Ordinal);
            var port = line["Forwarding from 127.0.0.1:".Length..].Split(' ')[0];
            using var http = new HttpClient(new SocketsHttpHandler());
            for (var i = 0; i < 3; i++)
                Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/healthz"), Cancellation));
        }
        finally
        {
            forward.Kill();
            await forward.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task UpdatesUnderLoadAsync(Instance instance, string version, HttpClient http)
    {
        using var stop = new CancellationTokenSource();
        var (served, failures, versions) = (0, new List<string>(), new HashSet<string>());
        var load = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    versions.Add((await http.GetStringAsync(new Uri("/version", UriKind.Relative), Cancellation)).Split(' ')[0]);
                    served++;
                }
                catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
                {
                    failures.Add(e.Message);
                }

                await Task.Delay(20, Cancellation);
            }
        }, Cancellation);
        await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "set", "image", "deployment/frontend", "frontend=localhost/guestbook/frontend:1.1");
        await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "rollout", "status", "deployment/frontend", "--timeout=120s");
        await Eventually.TrueAsync(async () => (await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "get", "pods", "-l", "app=frontend", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 3, cancellation: Cancellation);
        await stop.CancelAsync();
        await load;
        Assert.Empty(failures);
        Assert.True(served > 20, $"only {served} requests were made");
        Assert.Superset(new HashSet<string> { "1.0", "1.1" }, versions);
    }

    private static async Task SurvivesKillAsync(Instance instance, string version)
    {
        async Task<string> Containers() =>
            string.Join(' ', (await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "get", "pods", "--sort-by=.metadata.name", "-o", "jsonpath={range .items[*]}{.status.containerStatuses[0].containerID} {end}")).Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        var before = await Containers();
        using (var process = Process.GetProcessById(instance.Pid))
        {
            process.Kill();
            await process.WaitForExitAsync(Cancellation);
        }

        var alive = int.Parse((await Shell.TryAsync("pgrep", ["-c", "redis-server"], Cancellation)).Output, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(alive >= 3, $"{alive} redis processes are left");
        await instance.UpAsync(Cancellation);
        await instance.KubectlAsync(version, Cancellation, "-n", "guestbook", "wait", "--for=condition=Ready", "pods", "--all", "--timeout=60s");
        Assert.Equal(before, await Containers());
    }
}

/// <summary>One instance with a node and the guestbook's images, for all stories of the class.</summary>
public sealed class GuestbookCluster : IAsyncLifetime
{
    private readonly Instance _instance = new("gb", "--node-name", "gb");
    private bool _started;

    internal async Task<Instance> StartedAsync(CancellationToken cancellation)
    {
        Repository.RequireNode();
        if (_started)
            return _instance;
        await _instance.UpAsync(cancellation);
        if (!File.Exists(Path.Combine(Repository.Root, "artifacts", "images", "frontend-1.1.tar")))
            await Shell.RunAsync(Path.Combine(Repository.Root, "examples", "guestbook", "build-images.sh"), [], cancellation, limit: TimeSpan.FromMinutes(10));
        await Shell.RunAsync(Path.Combine(Repository.Root, "examples", "guestbook", "import-images.sh"), ["--data-dir", _instance.DataDir], cancellation, limit: TimeSpan.FromMinutes(5));
        _started = true;
        return _instance;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _instance.RemoveAsync();
}
