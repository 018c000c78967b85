using System.CommandLine;
using System.Globalization;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>backup list: a folder's backups as a table, the newest first.</summary>
internal static class BackupListCommand
{
    private static readonly string[] Head = ["NAME", "TIME", "REVISION", "OBJECTS", "SIZE", "VERIFIED", "VERSION", "CLUSTER"];

    public static Command Create(CliContext cli)
    {
        var folder = new Argument<string>("folder") { Description = "The folder of the backups" };
        var command = new Command("list", "List the backups of a folder, the newest first; needs no secret") { folder };
        command.SetAction(async (parsed, cancellation) =>
        {
            var backups = await cli.Host.State.ListBackupsAsync(Path.GetFullPath(parsed.GetRequiredValue(folder)), cancellation).ConfigureAwait(false);
            if (backups.Count == 0)
            {
                await cli.Out.WriteLineAsync("no backups").ConfigureAwait(false);
                return ExitCode.Success;
            }

            var rows = backups.Select(Row).Prepend(Head).ToList();
            var widths = Enumerable.Range(0, Head.Length).Select(i => rows.Max(r => i < r.Length ? r[i].Length : 0)).ToArray();
            foreach (var row in rows)
                await cli.Out.WriteLineAsync(string.Join("   ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }

    private static string[] Row(BackupListing b) => b.Problem is not null
        ? [b.Name, "unreadable", "", "", Size(b.Bytes), "", "", b.Problem]
        :
        [
            b.Name,
            b.CreatedAt!.Value.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            b.Revision.ToString(CultureInfo.InvariantCulture),
            b.Objects.ToString(CultureInfo.InvariantCulture),
            Size(b.Bytes),
            b.VerifiedAt is null ? "no" : string.Create(CultureInfo.InvariantCulture, $"in {b.Took!.Value.TotalSeconds:0.0} s"),
            Short(b.Version),
            b.Cluster,
        ];

    /// <summary>The build's commit as short as people know it.</summary>
    private static string Short(string version) => version.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus && version.Length > plus + 8 ? version[..(plus + 8)] : version;

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(bytes + 1023) / 1024} KiB"),
    };
}
