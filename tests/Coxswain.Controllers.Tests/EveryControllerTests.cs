namespace Coxswain.Controllers.Tests;

/// <summary>Every controller of the table is level-triggered: lost, doubled and reordered wake-ups, and a kill at any of its writes, end in the
/// state that an undisturbed run ends in.</summary>
public sealed class EveryControllerTests
{
    private const int MostStops = 12;

    public static TheoryData<string> Names => [.. ControllerTable.All.Select(e => e.Name)];

    [Fact]
    public void Every_controller_has_a_scenario() => Assert.Equal(ControllerTable.All.Select(e => e.Name).Order(), Scenarios.All.Keys.Order());

    [Theory, MemberData(nameof(Names))]
    public async Task Lost_doubled_and_reordered_wake_ups_end_in_the_same_state(string controller)
    {
        var scenario = Scenarios.All[controller];
        var (expected, _) = await scenario.PlayAsync(controller, _ => { });
        for (var seed = 1; seed <= 3; seed++)
            Assert.Equal(expected, (await scenario.PlayAsync(controller, bed => bed.Chaos = new Random(seed))).State);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_kill_at_any_write_ends_in_the_same_state(string controller)
    {
        var scenario = Scenarios.All[controller];
        var (expected, writes) = await scenario.PlayAsync(controller, bed => bed.StopAtWrite(int.MaxValue, afterwards: false));
        for (var number = 1; number <= Math.Min(writes, MostStops); number++)
        {
            foreach (var afterwards in (bool[])[false, true])
            {
                var (state, _) = await scenario.PlayAsync(controller, bed => bed.StopAtWrite(number, afterwards));
                Assert.True(expected == state, $"killed {(afterwards ? "after" : "before")} write {number} of {writes}:\n{Difference(expected, state)}");
            }
        }
    }

    private static string Difference(string expected, string actual)
    {
        var (wanted, found) = (expected.Split('\n'), actual.Split('\n'));
        return $"missing:\n{string.Join('\n', wanted.Except(found))}\ntoo much:\n{string.Join('\n', found.Except(wanted))}\n{wanted.Length} and {found.Length} objects";
    }
}
