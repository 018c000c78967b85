using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>logs: what the instance's process wrote.</summary>
internal static class LogsCommand
{
    public static Command Create(CliContext cli)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with new lines as they come" };
        var tail = new Option<int>("--tail") { Description = "Only so many of the last lines; 0: all", DefaultValueFactory = _ => 200 };
        var command = new Command("logs", "Show the log of the instance") { follow, tail };
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = parsed.Instance().Log;
            if (!File.Exists(path))
                throw new LifecycleException($"there is no log at {path}; nothing was started with this --data-dir, or it runs in the foreground");

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            var last = new Queue<string>();
            var limit = parsed.GetValue(tail);
            while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
            {
                last.Enqueue(line);
                if (limit > 0 && last.Count > limit)
                    last.Dequeue();
            }

            foreach (var line in last)
                await cli.Out.WriteLineAsync(line).ConfigureAwait(false);
            while (parsed.GetValue(follow))
            {
                while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
                    await cli.Out.WriteLineAsync(line).ConfigureAwait(false);
                await Task.Delay(TimeSpan.FromMilliseconds(200), cli.Clock, cancellation).ConfigureAwait(false);
            }

            return ExitCode.Success;
        });
        return command;
    }
}
