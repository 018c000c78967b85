using System.Diagnostics;

namespace Coxswain.Benchmarks.Server;

/// <summary>How long the whole executable takes until it is ready, with an empty store, with many objects, and with a long history besides.</summary>
internal static class ServerStart
{
    private const int OldRevisions = 1_000_000;
    private const int Starts = 3;

    public static async Task RunAsync()
    {
        // A kind is read from the store when somebody first asks for it, so the first list of the largest one is measured too.
        Console.WriteLine("| objects | old revisions | store MiB | ms to ready (median, all) | CPU s until then | resident MiB | ms of the first list of Pods |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        if (!await MeasureAsync(0, 0) || !await MeasureAsync(ServerData.Objects, 0))
            return;
        await MeasureAsync(ServerData.Objects, OldRevisions);
    }

    private static async Task<bool> MeasureAsync(int objects, int oldRevisions)
    {
        using var scratch = new Scratch();
        var data = scratch.Path("data");

        // The first start makes the keys and the objects that every cluster has.
        await using (var fresh = await ServerProcess.StartAsync(data))
        {
            if (fresh is null)
                return false;
        }

        if (objects > 0)
            await ServerData.FillAsync(ServerProcess.Store(data), oldRevisions);
        var starts = new List<double>();
        var (resident, cpu, first) = (0L, TimeSpan.Zero, new List<double>());
        for (var i = 0; i < Starts; i++)
        {
            await using var server = (await ServerProcess.StartAsync(data))!;
            starts.Add(server.ReadyAfter.TotalMilliseconds);
            (resident, cpu) = (Math.Max(resident, server.ResidentBytes), server.Cpu);
            var since = Stopwatch.GetTimestamp();
            using var answer = await server.Client.GetAsync(new Uri("/api/v1/pods?limit=1", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            first.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }

        Console.WriteLine($"| {objects} | {oldRevisions} | {new FileInfo(ServerProcess.Store(data)).Length >> 20} | {starts.Order().ElementAt(Starts / 2):f0} ({string.Join(", ", starts.Select(ms => $"{ms:f0}"))}) | {cpu.TotalSeconds:f1} | {resident >> 20} | {first.Order().ElementAt(Starts / 2):f0} |");
        return true;
    }
}
