using System.Globalization;
using Coxswain.Storage.Sqlite;
using Coxswain.Storage.Tests.Processes;
using Coxswain.Testing;

namespace Coxswain.Storage.Tests.Sqlite;

/// <summary>kill -9 under concurrent writes and watches, again and again on one file.</summary>
public sealed class SqliteCrashTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    /// <summary>How far each watch has got, over all rounds.</summary>
    private readonly long[] _watched = [.. Enumerable.Repeat(1L, CrashWriter.Watches)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_killed_process_loses_no_acknowledged_write_leaves_none_half_done_and_its_watches_go_on_without_a_gap()
    {
        var random = new Random(11);
        var checkedUpTo = 1L;
        var rounds = Soak.KillRounds;
        for (var round = 0; round < rounds; round++)
        {
            var said = await RunUntilKilledAsync(round, random.Next(1, 2000));
            checkedUpTo = await CheckAsync(said, checkedUpTo);
            Soak.Progress("kills", round + 1, rounds);
        }
    }

    private async Task<List<string[]>> RunUntilKilledAsync(int round, int lines)
    {
        using var writer = TestProcess.Start(
            CrashWriter.Role, _folder.Store, round.ToString(CultureInfo.InvariantCulture), string.Join(',', _watched.Select(revision => revision.ToString(CultureInfo.InvariantCulture))));
        var said = new List<string>();
        while (said.Count < lines && await writer.StandardOutput.ReadLineAsync(Cancellation) is { } line)
            said.Add(line);
        writer.Kill();

        // What follows the last line end was cut by the kill.
        said.AddRange((await writer.StandardOutput.ReadToEndAsync(Cancellation)).Split('\n')[..^1]);
        await writer.WaitForExitAsync(Cancellation);
        Assert.Equal("", await writer.StandardError.ReadToEndAsync(Cancellation));
        return [.. said.Select(line => line.Split(' '))];
    }

    private async Task<long> CheckAsync(List<string[]> said, long checkedUpTo)
    {
        await using var store = SqliteStore.Open(_folder.Store, new() { CheckTime = TimeSpan.FromSeconds(30) });
        var acknowledged = said.Where(words => words[0] == "A").Select(words => new AcknowledgedWrite(Number(words[1]), words[2], Number(words[3])));
        var (current, changes) = await WriteLedger.CheckAsync(store, acknowledged, Math.Min(checkedUpTo, _watched.Min()), Cancellation);

        // Each watch goes on where it stood in the round before, one revision after the other, and has seen nothing that is not there.
        foreach (var words in said.Where(words => words[0] == "W"))
        {
            var (watch, revision) = (int.Parse(words[1], CultureInfo.InvariantCulture), Number(words[2]));
            Assert.Equal(++_watched[watch], revision);
            Assert.Equal((words[3], Number(words[4])), (changes[revision].Key, changes[revision].After?.Value.Length ?? -1));
        }

        return current;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
