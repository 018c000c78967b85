using System.Globalization;

namespace Coxswain.Node.Server;

/// <summary>Processor time and memory of the whole machine.</summary>
/// <param name="CpuNanoSeconds">Used by all cores since the machine started.</param>
internal sealed record NodeUsage(
    DateTimeOffset Time, DateTimeOffset Started, ulong CpuNanoSeconds, ulong MemoryTotal, ulong MemoryAvailable, ulong MemoryFree)
{
    // The kernel tells processor time in hundredths of a second, whatever its own clock.
    private const ulong NanoSecondsPerTick = 10_000_000;

    public ulong WorkingSet => MemoryTotal - MemoryAvailable;

    public static async Task<NodeUsage> ReadAsync(TimeProvider clock, CancellationToken cancellation)
    {
        var stat = await File.ReadAllTextAsync("/proc/stat", cancellation);
        var memory = await File.ReadAllTextAsync("/proc/meminfo", cancellation);
        return Parse(stat, memory, clock.GetUtcNow());
    }

    internal static NodeUsage Parse(string stat, string memory, DateTimeOffset now)
    {
        // "cpu user nice system idle iowait irq softirq steal ...": guest time is in user already.
        var cpu = stat.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ulong used = 0;
        foreach (var i in (int[])[1, 2, 3, 6, 7, 8])
            used += i < cpu.Length ? Number(cpu[i]) : 0;
        var boot = stat.Split('\n').First(l => l.StartsWith("btime ", StringComparison.Ordinal))[6..];

        ulong Memory(string name)
        {
            var line = memory.Split('\n').FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.Ordinal));
            return line is null ? 0 : Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
        }
        return new(now, DateTimeOffset.FromUnixTimeSeconds((long)Number(boot)), used * NanoSecondsPerTick,
            Memory("MemTotal"), Memory("MemAvailable"), Memory("MemFree"));
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}
