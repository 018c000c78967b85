using System.Globalization;
using Coxswain.Storage.Sqlite;
using Coxswain.Storage.Tests.Processes;

namespace Coxswain.Storage.Tests.Sqlite;

/// <summary>kill -9 under concurrent writes, again and again on one file. COXSWAIN_CRASH_ROUNDS sets how often.</summary>
public sealed class SqliteCrashTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("COXSWAIN_CRASH_ROUNDS"), out var rounds) ? rounds : 20;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_killed_process_loses_no_acknowledged_write_and_leaves_none_half_done()
    {
        var random = new Random(11);
        var last = 1L;
        for (var round = 0; round < Rounds; round++)
        {
            var acknowledged = await RunUntilKilledAsync(round, random.Next(1, 400));
            last = await CheckAsync(acknowledged, last);
        }
    }

    private async Task<List<(long Revision, string Key, long Seed)>> RunUntilKilledAsync(int round, int after)
    {
        using var writer = TestProcess.Start(CrashWriter.Role, _folder.Store, round.ToString(CultureInfo.InvariantCulture));
        var acknowledged = new List<string>();
        while (acknowledged.Count < after && await writer.StandardOutput.ReadLineAsync(Cancellation) is { } line)
            acknowledged.Add(line);
        writer.Kill();

        // What follows the last line end was cut by the kill.
        acknowledged.AddRange((await writer.StandardOutput.ReadToEndAsync(Cancellation)).Split('\n')[..^1]);
        await writer.WaitForExitAsync(Cancellation);
        Assert.Equal("", await writer.StandardError.ReadToEndAsync(Cancellation));
        return [.. acknowledged.Select(Parse)];
    }

    private static (long Revision, string Key, long Seed) Parse(string line)
    {
        var words = line.Split(' ');
        return (long.Parse(words[0], CultureInfo.InvariantCulture), words[1], long.Parse(words[2], CultureInfo.InvariantCulture));
    }

    private async Task<long> CheckAsync(List<(long Revision, string Key, long Seed)> acknowledged, long last)
    {
        await using var store = SqliteStore.Open(_folder.Store, new() { CheckTime = TimeSpan.FromSeconds(30) });
        var (current, compacted) = await store.GetRevisionsAsync(Cancellation);

        // 1. The revisions since the last round are all there, without a gap.
        var changes = new Dictionary<long, StoreChange>();
        var from = Math.Max(last, compacted);
        if (current > from)
        {
            await foreach (var batch in store.WatchAsync(StoreRange.Prefix("/"), from, Cancellation))
            {
                foreach (var change in batch.Changes)
                    changes.Add(change.Revision, change);
                if (batch.Revision >= current)
                    break;
            }
        }

        Assert.Equal(current - from, changes.Count);

        // 2. Every acknowledged write is among them as it was acknowledged.
        foreach (var (revision, key, seed) in acknowledged.Where(write => write.Revision > from))
        {
            var change = changes[revision];
            Assert.Equal(key, change.Key);
            if (seed < 0)
                Assert.Null(change.After);
            else
                Assert.True(change.After!.Value.Span.SequenceEqual(CrashWriter.Value(key, seed)));
        }

        // 3. What is there now is what the changes made.
        foreach (var change in changes.Values.GroupBy(change => change.Key).Select(group => group.MaxBy(change => change.Revision)!))
            Assert.Equal(change.After, await store.GetAsync(change.Key, Cancellation));
        return current;
    }
}
