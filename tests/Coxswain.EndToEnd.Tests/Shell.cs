using System.Diagnostics;
using System.Text;

namespace Coxswain.EndToEnd.Tests;

/// <summary>Runs programs as a person would, and tells what they said when they fail.</summary>
internal static class Shell
{
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        public string Text => (Output + Error).Trim();
    }

    /// <summary>Runs a program to its end. Fails when it takes longer than the limit.</summary>
    public static async Task<Result> TryAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellation, string? input = null, TimeSpan? limit = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = Repository.Root,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var timer = new CancellationTokenSource(limit ?? TimeSpan.FromMinutes(2));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var error = process.StandardError.ReadToEndAsync(either.Token);
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), either.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(either.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in time");
        }
    }

    /// <summary>Runs a program that must succeed; its standard output.</summary>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellation, string? input = null, TimeSpan? limit = null)
    {
        var all = arguments.ToList();
        var result = await TryAsync(program, all, cancellation, input, limit);
        Assert.True(result.ExitCode == 0, $"{program} {string.Join(' ', all)} ended with {result.ExitCode}:\n{result.Text}");
        return result.Output;
    }
}
