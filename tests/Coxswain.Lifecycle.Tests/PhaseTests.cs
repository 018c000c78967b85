namespace Coxswain.Lifecycle.Tests;

public sealed class PhaseTests
{
    private sealed class Reports : List<PhaseReport>, IProgress<PhaseReport>
    {
        public void Report(PhaseReport value) => Add(value);
    }

    [Fact]
    public async Task Phases_run_in_order_and_each_is_reported()
    {
        var reports = new Reports();
        await PhaseRunner.RunAsync(
            [new("first", _ => Task.FromResult<string?>("a")), new("second", _ => Task.FromResult<string?>(null))],
            reports, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(["first", "second"], reports.Select(r => r.Name));
        Assert.All(reports, r => Assert.Null(r.Error));
    }

    [Fact]
    public async Task A_failure_is_reported_and_ends_the_run()
    {
        var reports = new Reports();
        var error = await Assert.ThrowsAsync<LifecycleException>(() => PhaseRunner.RunAsync(
            [new("first", _ => throw new LifecycleException("no disk")), new("second", _ => Task.FromResult<string?>(null))],
            reports, TimeProvider.System, TestContext.Current.CancellationToken));
        Assert.Equal("no disk", error.Message);
        Assert.Equal("no disk", Assert.Single(reports).Error);
    }

    [Fact]
    public void A_report_is_one_aligned_line()
    {
        Assert.Equal("ok   certificates              12 ms  made", new PhaseReport("certificates", TimeSpan.FromMilliseconds(12), "made", null).ToString());
        Assert.Equal("FAIL node                     31.5 s   no answer", new PhaseReport("node", TimeSpan.FromSeconds(31.5), null, "no answer").ToString());
    }
}
