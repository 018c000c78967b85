using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>Runs an instance in this process until it is asked to end.</summary>
internal static class ForegroundRun
{
    /// <summary>Progress on standard output, log on standard error.</summary>
    public static async Task<int> RunAsync(CliContext cli, ClusterOptions options, CancellationToken cancellation)
    {
        var progress = new ProgressLines(cli.Out, cli.Clock);
        await cli.Host.RunAsync(options, progress, () => progress.Ready(options.Directory), cancellation).ConfigureAwait(false);
        return ExitCode.Success;
    }

    /// <summary>The same as the process that stays when <c>up</c> has returned.</summary>
    public static async Task<int> DetachedAsync(CliContext cli, ClusterOptions options, CancellationToken cancellation)
    {
        var progress = new ProgressLines(cli.Out, cli.Clock);
        DetachedProcess.LeaveSession();
        // Paths were made absolute while the options were read; from here on no folder of the user's is held.
        Directory.SetCurrentDirectory("/");
        await cli.Host.RunAsync(options, progress, () =>
        {
            progress.Ready(options.Directory);
            DetachedProcess.CloseOutput();
        }, cancellation).ConfigureAwait(false);
        return ExitCode.Success;
    }
}
