using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coxswain.Benchmarks.Server;

/// <summary>A list of 50,000 objects over TLS, and whose code the time goes to (with perf, where it is installed).</summary>
internal static partial class ServerList
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    public static async Task RunAsync()
    {
        using var scratch = new Scratch();
        var data = scratch.Path("data");
        await using (var first = await ServerProcess.StartAsync(data))
        {
            if (first is null)
                return;
        }

        await ServerData.FillAsync(ServerProcess.Store(data), oldRevisions: 0);
        await using (var server = (await ServerProcess.StartAsync(data, alone: true))!)
        {
            Console.WriteLine("| list of 50,000 | MiB | ms (median) | MiB/s | CPU ms of the server |");
            Console.WriteLine("|---|---|---|---|---|");
            foreach (var kind in (string[])["configmaps", "pods"])
                await MeasureAsync(server, kind);
        }

        // perf can name what was compiled here and lies where it was compiled, not what was compiled before.
        await using var named = (await ServerProcess.StartAsync(
            data, alone: true, ("DOTNET_PerfMapEnabled", "1"), ("DOTNET_ReadyToRun", "0"), ("DOTNET_EnableWriteXorExecute", "0")))!;
        await MeasureAsync(named, "configmaps", print: false);
        var profile = scratch.Path("perf.data");
        using var perf = Start("perf", "record", "-F", "499", "-g", "-o", profile, "-p", $"{named.Id}");
        if (perf is null)
        {
            Console.WriteLine("perf is not installed: no shares");
            return;
        }

        await MeasureAsync(named, "configmaps", print: false);
        using (var stop = Process.Start("kill", ["-INT", $"{perf.Id}"]))
            await stop.WaitForExitAsync();
        await perf.WaitForExitAsync();
        await ReportAsync(profile);
    }

    private static async Task MeasureAsync(ServerProcess server, string kind, bool print = true)
    {
        var times = new List<double>();
        var bytes = 0L;
        var buffer = new byte[1 << 20];
        // What is asked for often is compiled anew by then.
        for (var i = 0; i < 40; i++)
            await ReadAsync();
        var (since, cpu) = (Stopwatch.GetTimestamp(), server.Cpu);
        while (Stopwatch.GetElapsedTime(since) < Duration)
        {
            var began = Stopwatch.GetTimestamp();
            await ReadAsync();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        var median = times[times.Count / 2];
        if (print)
            Console.WriteLine($"| {kind} | {bytes >> 20} | {median:f0} | {(bytes >> 20) / median * 1000:f0} | {(server.Cpu - cpu).TotalMilliseconds / times.Count:f0} |");

        async Task ReadAsync()
        {
            bytes = 0;
            using var answer = await server.Client.GetAsync(new Uri($"/api/v1/namespaces/default/{kind}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            answer.EnsureSuccessStatusCode();
            await using var body = await answer.Content.ReadAsStreamAsync();
            for (int read; (read = await body.ReadAsync(buffer)) > 0;)
                bytes += read;
        }
    }

    private static async Task ReportAsync(string profile)
    {
        using var report = Start("perf", "report", "-i", profile, "--no-children", "-g", "none", "--sort", "dso,symbol", "--stdio")!;
        var shares = new Dictionary<string, double>();
        var most = new List<string>();
        while (await report.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Line().Match(line) is not { Success: true } match)
                continue;
            var whose = Whose(match.Groups["dso"].Value, match.Groups["symbol"].Value);
            if (most.Count < 12)
                most.Add($"{match.Groups["share"].Value} % {Spaces().Replace(match.Groups["symbol"].Value, " ").TrimEnd(' ', '-')} ({match.Groups["dso"].Value})");
            shares[whose] = shares.GetValueOrDefault(whose) + double.Parse(match.Groups["share"].Value, CultureInfo.InvariantCulture);
        }

        await report.WaitForExitAsync();
        Console.WriteLine("share of the server's CPU time: " + string.Join(", ", shares.OrderByDescending(share => share.Value).Select(share => $"{share.Key} {share.Value:f0} %")));
        foreach (var line in most)
            Console.WriteLine("    " + line);
    }

    private static string Whose(string library, string symbol) => library switch
    {
        _ when library.StartsWith("[kernel", StringComparison.Ordinal) || library.StartsWith("[vdso", StringComparison.Ordinal) => "kernel",
        _ when library.Contains("crypto", StringComparison.Ordinal) || library.Contains("ssl", StringComparison.OrdinalIgnoreCase) => "TLS",
        _ when symbol.Contains("[Coxswain", StringComparison.Ordinal) => "ours",
        _ when symbol.Contains("[Microsoft.AspNetCore", StringComparison.Ordinal) => "Kestrel",
        _ when symbol.Contains("[System", StringComparison.Ordinal) => ".NET",
        _ when library == "[JIT]" || library.Contains("perf-", StringComparison.Ordinal) => ".NET",
        _ => "runtime and libc",
    };

    private static Process? Start(string command, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^\s*(?<share>\d+\.\d+)%\s+(?<dso>\S+)\s+(?<symbol>.+)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
