using Coxswain.Backup;
using Coxswain.Cli;
using Coxswain.Lifecycle;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>Backups and moves of state, asked for by commands: by way of the instance that runs, or in this process where none does.</summary>
internal sealed class StateHost(string version, TimeProvider clock) : IStateHost
{
    public Task<string> CreateBackupAsync(InstanceDirectory directory, BackupRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation) =>
        Running(directory) is { } record
            ? AdminClient.AskAsync(directory, record, StatePaths.Backups, request, StateJson.Default.BackupRequest, progress, clock, cancellation)
            : StoppedAsync(directory, async (options, datastore) =>
                (await new BackupMaker(options, datastore.Store, datastore.InspectAsync, version, clock).MakeAsync(request, progress, cancellation).ConfigureAwait(false)).Summary, cancellation);

    public async Task<IReadOnlyList<BackupListing>> ListBackupsAsync(string folder, CancellationToken cancellation)
    {
        var found = await TellingAsync(() => BackupFolder.ListAsync(folder, cancellation)).ConfigureAwait(false);
        return
        [
            .. found.Select(b => new BackupListing(
                b.Name, b.Bytes, b.Header?.CreatedAt, b.Header?.Revision ?? 0, b.Header?.Objects ?? 0, b.Proof?.VerifiedAt, b.Proof?.Took, b.Header?.Coxswain ?? "", b.Header?.Cluster ?? "", b.Problem)),
        ];
    }

    public Task<string> VerifyBackupAsync(string file, BackupSecretFile secret, IProgress<PhaseReport> progress, CancellationToken cancellation) => TellingAsync(async () =>
    {
        VerificationReport? report = null;
        await PhaseRunner.RunAsync(
            [
                new("verify", async token =>
                {
                    report = await BackupProbe.RunAsync(file, BackupMaker.SecretOf(secret), ScratchFor(file), clock, token).ConfigureAwait(false);
                    return null;
                }),
            ], progress, clock, cancellation).ConfigureAwait(false);
        return $"{file}: {BackupProbe.Sentence(report!)}";
    }, file);

    public Task<string> RestoreBackupAsync(RestoreRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation) =>
        TellingAsync(() => new BackupRestore(request, clock).RunAsync(progress, cancellation), request.File);

    public Task<string> MigrateAsync(InstanceDirectory directory, MigrationRequest request, IProgress<PhaseReport> progress, CancellationToken cancellation) =>
        Running(directory) is { } record
            ? AdminClient.AskAsync(directory, record, StatePaths.Migrations, request, StateJson.Default.MigrationRequest, progress, clock, cancellation)
            : StoppedAsync(directory, (_, datastore) => datastore.MigrateAsync(request, live: false, progress, cancellation), cancellation);

    private static InstanceRecord? Running(InstanceDirectory directory) => InstanceRecord.Read(directory) is { } record && record.IsAlive()
        ? record.ReadyAt is not null ? record : throw new LifecycleException($"the instance in {directory.Root} is still starting; see coxswain status")
        : null;

    /// <summary>Beside the backup, or, where nothing can be written, in the machine's folder for such things.</summary>
    private static string ScratchFor(string file)
    {
        var name = $".{Path.GetFileName(file)}.{Environment.ProcessId}.scratch";
        var beside = Path.Combine(Path.GetDirectoryName(file)!, name);
        try
        {
            Directory.CreateDirectory(beside);
            Directory.Delete(beside);
            return beside;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Path.Combine(Path.GetTempPath(), name);
        }
    }

    private async Task<string> StoppedAsync(InstanceDirectory directory, Func<ClusterOptions, Datastore, Task<string>> work, CancellationToken cancellation)
    {
        if (!File.Exists(Path.Combine(directory.Pki, "ca.crt")))
            throw new LifecycleException($"there is no cluster in {directory.Root}; name its folder with --data-dir");
        using var claim = InstanceLock.Acquire(directory);
        var options = InstanceSettings.Read(directory);
        if (options.InMemory)
            throw new LifecycleException($"the instance in {directory.Root} kept its state in memory (--in-memory): nothing is left of it");
        if (DatastoreFile.Resolve(directory, options.Store).EtcdServers.Count == 0 && !File.Exists(directory.Database))
            throw new LifecycleException($"there is no state in {directory.Root}: {directory.Database} is missing");
        using var quiet = LoggerFactory.Create(_ => { });
        return await TellingAsync(async () =>
        {
            await using var datastore = await Datastore.OpenAsync(options, why => throw new LifecycleException(why), clock, quiet, cancellation).ConfigureAwait(false);
            return await work(options, datastore).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>Failures that have a sentence for people, as the one exception that the command line tells them by.</summary>
    private static async Task<T> TellingAsync<T>(Func<Task<T>> work, string about = "")
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e) when (e is BackupException or StoreException or CompactedException)
        {
            throw new LifecycleException(about.Length > 0 ? $"{about}: {e.Message}" : e.Message, e);
        }
    }
}
