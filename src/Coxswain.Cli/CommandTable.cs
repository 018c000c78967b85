using System.CommandLine;
using Coxswain.Cli.Commands;
using Coxswain.Cli.Settings;

namespace Coxswain.Cli;

/// <summary>Every command of the executable.</summary>
public static class CommandTable
{
    public static RootCommand Create(CliContext cli)
    {
        var root = new RootCommand("Coxswain: production-grade Kubernetes in one executable. What kubectl does is left to kubectl.")
        {
            UpCommand.Create(cli),
            ServerCommand.Create(cli),
            StatusCommand.Create(cli),
            LogsCommand.Create(cli),
            DownCommand.Create(cli),
            ResetCommand.Create(cli),
            ImageCommand.Create(cli),
            BackupCommand.Create(cli),
            DatastoreCommand.Create(cli),
        };
        root.Options.Add(SharedOptions.DataDirectory);
        SettingHelp.Install(root, cli);
        return root;
    }

    /// <summary>Runs one command line. Expected failures become one sentence on standard error and exit code 1.</summary>
    public static async Task<int> InvokeAsync(CliContext cli, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        // No response files: a value may begin with @.
        var parsed = Create(cli).Parse(GoFlags.Normalize(arguments), new ParserConfiguration { ResponseFileTokenReplacer = null });
        // Who asks for help need not give what the command needs.
        if (parsed.Errors.Count > 0 && parsed.Action is not SettingHelp)
        {
            await cli.Error.WriteLineAsync($"coxswain: {UsageSentence.For(parsed)}").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = cli.Out, Error = cli.Error, ProcessTerminationTimeout = null },
                cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCode.Failure;
        }
        catch (Exception e) when (FailureSentence.For(e) is { } sentence)
        {
            await cli.Error.WriteLineAsync($"coxswain: {sentence}").ConfigureAwait(false);
            return ExitCode.Failure;
        }
    }
}
