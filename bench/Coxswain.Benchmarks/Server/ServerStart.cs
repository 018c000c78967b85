using System.Diagnostics;

namespace Coxswain.Benchmarks.Server;

/// <summary>How long the whole executable takes until it is ready, with an empty store, with many objects, and with a long history besides.</summary>
internal static class ServerStart
{
    private const int OldRevisions = 1_000_000;
    private const int Starts = 3;

    public static async Task RunAsync()
    {
        Console.WriteLine("| objects | old revisions | store MiB | ms to ready (median, all) | resident MiB | CPU s |");
        Console.WriteLine("|---|---|---|---|---|---|");
        if (!await MeasureAsync(0, 0) || !await MeasureAsync(ServerData.Objects, 0))
            return;
        await MeasureAsync(ServerData.Objects, OldRevisions);
    }

    private static async Task<bool> MeasureAsync(int objects, int oldRevisions)
    {
        using var scratch = new Scratch();
        var data = scratch.Path("data");

        // The first start makes the keys and the objects that every cluster has.
        await using (var first = await ServerProcess.StartAsync(data))
        {
            if (first is null)
                return false;
        }

        if (objects > 0)
            await ServerData.FillAsync(ServerProcess.Store(data), oldRevisions);
        var starts = new List<double>();
        var (resident, cpu) = (0L, TimeSpan.Zero);
        for (var i = 0; i < Starts; i++)
        {
            await using var server = (await ServerProcess.StartAsync(data))!;
            starts.Add(server.ReadyAfter.TotalMilliseconds);
            (resident, cpu) = (Math.Max(resident, server.ResidentBytes), server.Cpu);
        }

        Console.WriteLine($"| {objects} | {oldRevisions} | {new FileInfo(ServerProcess.Store(data)).Length >> 20} | {starts.Order().ElementAt(Starts / 2):f0} ({string.Join(", ", starts.Select(ms => $"{ms:f0}"))}) | {resident >> 20} | {cpu.TotalSeconds:f1} |");
        return true;
    }
}
