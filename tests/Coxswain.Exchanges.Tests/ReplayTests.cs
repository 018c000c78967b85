namespace Coxswain.Exchanges.Tests;

/// <summary>Requests that were recorded together with the answers of an upstream server, sent to ours.</summary>
public sealed class ReplayTests(ReplayFixture replay) : IClassFixture<ReplayFixture>
{
    private static readonly KnownDifferences Known = KnownDifferences.Load();

    public static TheoryData<string> Scenarios
    {
        get
        {
            var folder = Path.Combine(ReplayFixture.Folder, "recorded");
            return [.. Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories)
                .Select(file => Path.ChangeExtension(Path.GetRelativePath(folder, file), null)).Order(StringComparer.Ordinal)];
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void A_recorded_scenario_is_answered_as_upstream_answered_it(string scenario)
    {
        var failures = replay.FailuresOf(scenario);

        var other = failures.SelectMany(step => step.Value.Where(d => !Known.Covers(scenario, step.Key, d)).Select(d =>
            $"{step.Key} {d.Path} {d.What}\n    expected {d.Expected}\n    actual   {d.Actual}"));
        var stale = Known.StepsOf(scenario).Where(step => !failures.ContainsKey(step)).Select(step => $"{step} is listed as a known difference and is none");
        var all = string.Join('\n', other.Concat(stale));
        if (all.Length > 0)
            Assert.Fail(all);
    }

    [Fact]
    public void Every_known_difference_is_one_of_a_recorded_scenario() =>
        Assert.All(Known.ScenariosNamed, scenario => Assert.True(File.Exists(Path.Combine(ReplayFixture.Folder, "recorded", scenario + ".json")), scenario));
}
