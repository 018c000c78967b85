using Coxswain.Node.Host;
using Coxswain.Node.Server;

namespace Coxswain.Node.Tests.Host;

public sealed class HostTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Mounts_under_a_folder_come_the_innermost_first_with_their_real_names()
    {
        const string Info = """
            1 0 8:1 / / rw - ext4 /dev/sda rw
            2 1 0:5 / /data rw - tmpfs tmpfs rw
            3 2 0:6 / /data/a\040b rw - tmpfs tmpfs rw
            4 3 0:7 / /data/a\040b/c rw - overlay overlay rw
            5 1 0:8 / /data2 rw - tmpfs tmpfs rw
            """;

        Assert.Equal(["/data/a b/c", "/data/a b", "/data"], MountTable.Under("/data", Info));
        Assert.Empty(MountTable.Under("/dat", Info));
    }

    [Theory]
    [InlineData("CapEff:\t000001ffffffffff", "0 0 4294967295", true)]
    [InlineData("CapEff:\t000001fffeffffff", "0 0 4294967295", false)]
    [InlineData("CapEff:\t000001ffffffffff", "0 100000 65536", false)]
    [InlineData("Name:\tx", "0 0 4294967295", false)]
    public void Lowering_the_oom_score_needs_the_capability_in_the_first_user_namespace(string status, string users, bool may) =>
        Assert.Equal(may, HostFeatures.MayLowerOomScore("Name:\tx\n" + status + "\n", "         " + users + "\n"));

    [Fact]
    public async Task A_programs_output_and_failure_are_results()
    {
        var good = await HostCommand.RunAsync("cat", [], "input", Cancellation);
        var bad = await HostCommand.RunAsync("sh", ["-c", "echo why >&2; exit 3"], null, Cancellation);

        Assert.Equal((true, "input"), (good.Succeeded, good.Output));
        Assert.Equal((3, "why"), (bad.ExitCode, bad.Complaint));
        Assert.Contains("cannot be run", (await Assert.ThrowsAsync<NodePrerequisiteException>(() =>
            HostCommand.RunAsync("no-such-program-here", [], null, Cancellation))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => HostCommand.GetOutputAsync("false", [], null, Cancellation));
    }

    [Fact]
    public void Descendants_are_found_the_youngest_first()
    {
        HostProcess[] all = [new(1, 0, "init"), new(10, 1, "shim"), new(11, 10, "pause"), new(12, 10, "sh"), new(13, 12, "sleep"), new(20, 1, "other")];

        var found = HostProcesses.WithDescendants(all, [all[1]]).Select(p => p.Id).ToArray();

        Assert.Equal([10, 11, 12, 13], found.Order());
        Assert.True(Array.IndexOf(found, 13) < Array.IndexOf(found, 12));
        Assert.Equal(10, found[^1]);
    }

    [Fact]
    public void The_machines_usage_is_read_from_the_kernels_files()
    {
        var usage = NodeUsage.Parse("cpu  100 20 30 4000 50 6 7 8 9 0\nbtime 1700000000\n",
            "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n", DateTimeOffset.UnixEpoch);

        Assert.Equal(171UL * 10_000_000, usage.CpuNanoSeconds);
        Assert.Equal((600UL * 1024, 100UL * 1024), (usage.WorkingSet, usage.MemoryFree));
        Assert.Equal(1700000000, usage.Started.ToUnixTimeSeconds());
    }

    [Fact]
    public void A_rate_is_what_a_counter_grew_by_in_a_second()
    {
        var rates = new CpuRates();
        var time = DateTimeOffset.UnixEpoch;

        Assert.Equal(0UL, rates.Next("a", time, 100));
        Assert.Equal(50UL, rates.Next("a", time.AddSeconds(2), 200));
        Assert.Equal(50UL, rates.Next("a", time.AddSeconds(2), 200));
        Assert.Equal(0UL, rates.Next("a", time.AddSeconds(3), 10));
        rates.Keep(new HashSet<string>());
        Assert.Equal(0UL, rates.Next("a", time.AddSeconds(4), 1000));
    }
}
