namespace Coxswain.Controllers.Tests;

/// <summary>--controllers chooses as upstream's does.</summary>
public sealed class ControllerNamesTests
{
    [Theory]
    [InlineData(true, "*")]
    [InlineData(false, "-*")]
    [InlineData(false, "*", "-cronjob-controller")]
    [InlineData(false, "-cronjob-controller", "*")]
    [InlineData(true, "cronjob-controller")]
    [InlineData(true, "cronjob-controller", "-cronjob-controller")]
    [InlineData(false, "job-controller")]
    [InlineData(true, "cronjob")]
    [InlineData(false, "*", "-cronjob")]
    [InlineData(true, "*", "bootstrapsigner", "tokencleaner")]
    public void What_is_named_first_counts_and_else_the_star(bool runs, params string[] wanted)
    {
        Assert.Empty(ControllerManager.Problems(wanted));
        Assert.Equal(runs, ControllerManager.IsWanted("cronjob-controller", wanted));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("-nonsense")]
    [InlineData("Deployment")]
    public void A_name_that_upstream_does_not_know_is_refused(string name) =>
        Assert.StartsWith($"controllers: \"{name.TrimStart('-')}\" is not in the list of known controllers: ", Assert.Single(ControllerManager.Problems(["*", name])), StringComparison.Ordinal);
}
