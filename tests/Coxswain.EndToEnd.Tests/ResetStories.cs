using Coxswain.Testing;

namespace Coxswain.EndToEnd.Tests;

/// <summary>Down keeps state and stops pods; reset leaves the machine as it was.</summary>
public sealed class ResetStories : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Instance _instance = new("rs", "--node-name", "rs");

    public ValueTask InitializeAsync()
    {
        Repository.RequireNode();
        Repository.RequireKubectl("sid");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _instance.RemoveAsync();

    /// <summary>Everything of a machine that a cluster may leave behind, as lines. What has ended and waits for PID 1 to take note is none of it.</summary>
    private static async Task<SortedSet<string>> TracesAsync()
    {
        var traces = new SortedSet<string>(StringComparer.Ordinal);
        void Add(string kind, IEnumerable<string> lines) => traces.UnionWith(lines.Select(l => $"{kind}: {l}"));
        Add("mount", (await File.ReadAllLinesAsync("/proc/mounts", Cancellation)).Select(l => l.Split(' ')[1]));
        Add("netns", Directory.Exists("/run/netns") ? Directory.GetFileSystemEntries("/run/netns") : []);
        Add("nft", (await Shell.RunAsync("nft", ["list", "tables"], Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Add("interface", Directory.GetFileSystemEntries("/sys/class/net").Select(p => Path.GetFileName(p)!));
        Add("cgroup", Cgroups());
        Add("process", (await Shell.RunAsync("ps", ["-eo", "args"], Cancellation)).Split('\n').Where(l => !l.Contains("<defunct>", StringComparison.Ordinal)).Where(l => l.Contains("containerd", StringComparison.Ordinal) || l.Contains("/pause", StringComparison.Ordinal) || l.Contains("cxw-rs-", StringComparison.Ordinal)).Select(l => l.Trim()));
        Add("run", Directory.Exists("/run/coxswain") ? Directory.GetFileSystemEntries("/run/coxswain") : []);
        return traces;
    }

    private static IEnumerable<string> Cgroups() =>
        Directory.GetDirectories("/sys/fs/cgroup").SelectMany(root => new[] { root }.Concat(Directory.GetDirectories(root)))
            .Where(d => d.Contains("coxswain", StringComparison.Ordinal) || d.Contains("kubepods", StringComparison.Ordinal));

    [Fact]
    public async Task Down_stops_pods_up_brings_them_back_and_reset_leaves_no_trace()
    {
        var before = await TracesAsync();
        await _instance.UpAsync(Cancellation);
        if (!File.Exists(Path.Combine(Repository.Root, "artifacts", "images", "busybox.tar")))
            await Shell.RunAsync(Path.Combine(Repository.Root, "examples", "guestbook", "build-images.sh"), [], Cancellation, limit: TimeSpan.FromMinutes(10));
        var imported = await _instance.CommandAsync(Cancellation, "image", "import", Path.Combine(Repository.Root, "artifacts", "images", "busybox.tar"));
        Assert.True(imported.ExitCode == 0, imported.Text);
        Assert.Contains("localhost/busybox:1", imported.Output, StringComparison.Ordinal);
        await _instance.KubectlAsync("sid", Cancellation, "run", "sleeper", "--image=localhost/busybox:1", "--", "sleep", "31536000");
        await _instance.KubectlAsync("sid", Cancellation, "expose", "pod", "sleeper", "--port=80", "--type=NodePort");
        await _instance.KubectlAsync("sid", Cancellation, "wait", "--for=condition=Ready", "pod/sleeper", "--timeout=60s");

        var down = await _instance.CommandAsync(Cancellation, "down");
        Assert.True(down.ExitCode == 0, down.Text);
        Assert.DoesNotContain(await TracesAsync(), t => t.StartsWith("process:", StringComparison.Ordinal) && !before.Contains(t));

        await _instance.UpAsync(Cancellation);
        await Eventually.TrueAsync(
            async () => (await _instance.KubectlAsync("sid", Cancellation, "get", "pod", "sleeper", "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status} {.status.containerStatuses[0].restartCount}")) == "True 1", cancellation: Cancellation);

        var reset = await _instance.CommandAsync(Cancellation, "reset", "--yes");
        Assert.True(reset.ExitCode == 0, reset.Text);
        Assert.False(Directory.Exists(_instance.DataDir));
        var left = await TracesAsync();
        left.ExceptWith(before);
        Assert.Empty(left);
    }

    [Fact]
    public async Task Reset_after_a_crash_leaves_no_trace_either()
    {
        var before = await TracesAsync();
        await _instance.UpAsync(Cancellation);
        using (var process = System.Diagnostics.Process.GetProcessById(_instance.Pid))
        {
            process.Kill();
            await process.WaitForExitAsync(Cancellation);
        }

        var reset = await _instance.CommandAsync(Cancellation, "reset", "--yes");
        Assert.True(reset.ExitCode == 0, reset.Text);
        var left = await TracesAsync();
        left.ExceptWith(before);
        Assert.Empty(left);
    }
}
