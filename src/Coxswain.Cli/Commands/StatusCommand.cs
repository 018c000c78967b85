using System.CommandLine;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>status: what runs in a folder, and how it is.</summary>
internal static class StatusCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("status", "Show what runs and how it is; exit code 0: all is well, 1: something is not, 3: nothing runs");
        command.SetAction((parsed, cancellation) => RunAsync(cli, parsed.Instance(), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, InstanceDirectory directory, CancellationToken cancellation)
    {
        if (InstanceRecord.Read(directory) is not { } record || !record.IsAlive())
        {
            await cli.Out.WriteLineAsync($"nothing runs in {directory.Root}; start it with coxswain up").ConfigureAwait(false);
            return ExitCode.NotRunning;
        }

        await Line("process", $"{record.Pid}, version {record.Version}, since {record.StartedAt:yyyy-MM-dd HH:mm:ss}Z").ConfigureAwait(false);
        if (record.ReadyAt is null)
        {
            await Line("state", "starting; see coxswain logs -f").ConfigureAwait(false);
            return ExitCode.Failure;
        }

        await Line("API server", record.Server).ConfigureAwait(false);
        await Line("kubeconfig", directory.AdminKubeConfig).ConfigureAwait(false);
        using var api = new HttpApiClient(KubeConfig.Load(directory.AdminKubeConfig), cli.Clock);
        var well = await DatastoreLines.WriteAsync(api, Line, cancellation).ConfigureAwait(false);
        var nodes = await api.ListAsync<Node>(ListQuery.All, cancellation).ConfigureAwait(false);
        foreach (var node in nodes.Items)
        {
            var ready = node.Status.Conditions.FirstOrDefault(c => c.Type == "Ready");
            var isReady = ready?.Status == "True";
            well &= isReady;
            await Line($"node {node.Metadata.Name}", isReady ? "Ready" : $"NotReady: {ready?.Message ?? "it has not reported yet"}").ConfigureAwait(false);
        }

        var pods = (await api.ListAsync<Pod>(ListQuery.All, cancellation).ConfigureAwait(false)).Items;
        var phases = pods.GroupBy(p => p.Status.Phase.Length > 0 ? p.Status.Phase : "Pending").OrderBy(g => g.Key, StringComparer.Ordinal);
        await Line("pods", pods.Count == 0 ? "none" : string.Join(", ", phases.Select(g => $"{g.Count()} {g.Key}"))).ConfigureAwait(false);
        if (BackupStatus.Read(directory) is { } backup)
        {
            well &= backup.Error is null;
            await Line("backups", backup.Error is null
                ? $"last {backup.At:yyyy-MM-dd HH:mm:ss}Z, verified; next {backup.Next:yyyy-MM-dd HH:mm:ss}Z"
                : $"failed at {backup.At:yyyy-MM-dd HH:mm:ss}Z: {backup.Error} Next try {backup.Next:yyyy-MM-dd HH:mm:ss}Z").ConfigureAwait(false);
        }

        return well ? ExitCode.Success : ExitCode.Failure;

        Task Line(string name, string value) => cli.Out.WriteLineAsync($"{name,-14} {value}");
    }
}
