using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Coxswain.Node.Host;

internal sealed record HostCommandResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>What the program complained of, on one line.</summary>
    public string Complaint => (Error.Trim().Length > 0 ? Error : Output).Trim().ReplaceLineEndings(" ");
}

/// <summary>Runs a program of the host to its end.</summary>
internal static class HostCommand
{
    /// <summary>More output than this is read and dropped.</summary>
    private const int OutputLimit = 1024 * 1024;

    /// <summary>Runs a program without a shell; a failure of the program is a result, not an exception.</summary>
    /// <exception cref="NodePrerequisiteException">There is no such program.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the program has been killed.</exception>
    public static async Task<HostCommandResult> RunAsync(
        string program, IReadOnlyList<string> arguments, string? input, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        using var process = Start(start);
        try
        {
            var output = ReadAsync(process.StandardOutput, cancellation);
            var error = ReadAsync(process.StandardError, cancellation);
            await WriteAsync(process.StandardInput, input, cancellation);
            await process.WaitForExitAsync(cancellation);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>As <see cref="RunAsync"/>, but a failure of the program is an <see cref="InvalidOperationException"/> with its complaint.</summary>
    public static async Task<string> GetOutputAsync(
        string program, IReadOnlyList<string> arguments, string? input, CancellationToken cancellation)
    {
        var result = await RunAsync(program, arguments, input, cancellation);
        return result.Succeeded
            ? result.Output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed ({result.ExitCode}): {result.Complaint}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new NodePrerequisiteException($"The program '{start.FileName}' cannot be run: {e.Message}.", e);
        }
    }

    private static async Task WriteAsync(StreamWriter writer, string? input, CancellationToken cancellation)
    {
        try
        {
            if (input is not null)
                await writer.WriteAsync(input.AsMemory(), cancellation);
            writer.Close();
        }
        catch (IOException)
        {
            // The program ended without reading its input; its exit code says what that means.
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer, cancellation)) > 0)
            text.Append(buffer, 0, Math.Min(count, OutputLimit - text.Length));
        return text.ToString();
    }
}
