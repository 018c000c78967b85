using System.Runtime.CompilerServices;
using Coxswain.ApiServer;
using Coxswain.Backup;
using Coxswain.Lifecycle;
using Coxswain.Security;
using Coxswain.Storage;
using Coxswain.Storage.Etcd;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Composition;

/// <summary>Restores a backup into an empty data folder. Everything is checked before anything is written, and the folder gets its name
/// when all is in it.</summary>
internal sealed class BackupRestore(RestoreRequest request, TimeProvider clock)
{
    /// <summary>More revisions than any cluster uses between a backup and its restoration.</summary>
    private const long RaiseSqliteBy = 1_000_000_000;
    private const long RaiseEtcdBy = 20_000;
    private const int Writers = 128;

    private readonly BackupSecret _secret = BackupMaker.SecretOf(request.Secret);
    private readonly InstanceDirectory _part = new($"{request.Directory.Root}.restoring.{Environment.ProcessId}");
    private BackupTotals? _totals;
    private long _revision;
    private long _skipped;

    /// <exception cref="LifecycleException">It was not restored, and nothing was changed; the message says why.</exception>
    public async Task<string> RunAsync(IProgress<PhaseReport> progress, CancellationToken cancellation)
    {
        try
        {
            await PhaseRunner.RunAsync([new("data folder", CheckFolderAsync), new("check", CheckAsync), new("restore", RestoreAsync), new("switch", SwitchAsync)],
                progress, clock, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreException or BackupException)
        {
            throw new LifecycleException($"{request.File}: {e.Message} Nothing was changed.", e);
        }
        finally
        {
            if (Directory.Exists(_part.Root))
                Directory.Delete(_part.Root, recursive: true);
        }

        var config = File.Exists(Path.Combine(request.Directory.Root, "restored.yaml")) ? $" --config {Path.Combine(request.Directory.Root, "restored.yaml")}" : "";
        return $"restored {_totals!.Objects - _skipped} objects; start the cluster with coxswain up --data-dir {request.Directory.Root}{config}";
    }

    private Task<string?> CheckFolderAsync(CancellationToken cancellation)
    {
        var root = request.Directory.Root;
        if (File.Exists(root))
            throw new LifecycleException($"{root} is a file; name a folder that is empty or not there. Nothing was changed");
        if (InstanceRecord.Read(request.Directory) is { } record && record.IsAlive())
            throw new LifecycleException($"an instance runs in {root} (process {record.Pid}); restore into another folder. Nothing was changed");
        if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any())
            throw new LifecycleException($"{root} is not empty; restore into another folder, or remove what is there with coxswain reset. Nothing was changed");
        return Task.FromResult<string?>(root);
    }

    private async Task<string?> CheckAsync(CancellationToken cancellation)
    {
        var (header, _) = await BackupFile.ReadHeaderAsync(request.File, cancellation).ConfigureAwait(false);
        if (Minor(header.Kubernetes) is { } theirs && theirs > int.Parse(ServerVersion.Minor, System.Globalization.CultureInfo.InvariantCulture))
            throw new BackupException($"It is of Kubernetes {header.Kubernetes}, and this version serves {ServerVersion.GitVersion}; use Coxswain {header.Coxswain} or later.");
        _totals = await BackupVerification.CheckAsync(request.File, _secret, cancellation).ConfigureAwait(false);
        return $"{_totals.Objects} objects at revision {header.Revision}, SHA-256 {Convert.ToHexStringLower(_totals.Hash.AsSpan(0, 8))}";
    }

    private async Task<string?> RestoreAsync(CancellationToken cancellation)
    {
        // With all its folders, so that it is known as ours (coxswain reset) before its first start.
        _part.Create();
        await using var reader = await BackupFile.OpenAsync(request.File, _secret, cancellation).ConfigureAwait(false);
        var (_, files) = await reader.ReadFilesAsync().ConfigureAwait(false);
        BackupVerification.WriteFiles(_part.Root, [.. files.Where(f => f.Name != BackupMaker.SettingsFile)]);
        if (files.FirstOrDefault(f => f.Name == BackupMaker.SettingsFile) is { } settings)
        {
            if (InstanceSettings.Render(InstanceSettings.Parse(settings.Content), [.. files.Select(f => f.Name)], request.Directory.Root) is { } text)
                SecureFile.Write(Path.Combine(_part.Root, "restored.yaml"), text);
        }

        if (request.To is { IsEtcd: true } etcd)
            await FillEtcdAsync(etcd, reader, cancellation).ConfigureAwait(false);
        else
            await FillSqliteAsync(reader, cancellation).ConfigureAwait(false);
        return $"revision {_revision}";
    }

    private async Task FillSqliteAsync(BackupReader reader, CancellationToken cancellation)
    {
        SecureFile.CreateDirectory(Path.GetDirectoryName(_part.Database)!);
        _revision = await SqliteStore.CreateAsync(
            _part.Database, KeptAsync(reader, cancellation), reader.Header.Revision + (request.RaiseBy ?? RaiseSqliteBy), cancellation).ConfigureAwait(false);
        await using var store = SqliteStore.Open(_part.Database);
        await CompareAsync(store, cancellation).ConfigureAwait(false);
    }

    private async Task FillEtcdAsync(DatastoreAddress address, BackupReader reader, CancellationToken cancellation)
    {
        var settings = address.ApplyTo(new());
        await using var store = await EtcdStore.OpenAsync(EtcdSetup.OptionsOf(settings), clock, cancellation).ConfigureAwait(false);
        var range = StoreRange.Prefix("/registry/");
        if ((await store.ListAsync(range, new(Limit: 1), cancellation).ConfigureAwait(false)).Count is > 0 and var there)
            throw new BackupException($"{address} is not empty: it holds {there} keys under /registry/.");
        try
        {
            await RevisionRaiser.RaiseAsync(store, reader.Header.Revision + (request.RaiseBy ?? RaiseEtcdBy), "/coxswain/restore/", null, cancellation).ConfigureAwait(false);
            await foreach (var page in KeptAsync(reader, cancellation).ConfigureAwait(false))
            {
                foreach (var part in page.Chunk(Writers))
                    await Task.WhenAll(part.Select(e => store.WriteAsync(new(e.Key, 0, e.Value, TimeToLive(e.Key)), cancellation).AsTask())).ConfigureAwait(false);
            }

            await CompareAsync(store, cancellation).ConfigureAwait(false);
            _revision = (await store.GetRevisionsAsync(cancellation).ConfigureAwait(false)).Current;
            await store.CompactAsync(_revision, cancellation).ConfigureAwait(false);
            DatastoreFile.For(address).Write(_part);
        }
        catch
        {
            await ClearAsync(store, range).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>After a failure the target is as empty as it was before.</summary>
    private static async Task ClearAsync(EtcdStore store, StoreRange range)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            await using var snapshot = await StoreSnapshot.OpenAsync(store, limit.Token).ConfigureAwait(false);
            await foreach (var page in snapshot.ReadAsync(range, limit.Token).ConfigureAwait(false))
                await Task.WhenAll(page.Select(e => store.WriteAsync(new(e.Key, e.ModRevision, Value: null), limit.Token).AsTask())).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            throw new LifecycleException($"the restoration failed, and what it had written into etcd could not be removed: {e.Message}; remove the keys under /registry/ by hand", e);
        }
    }

    private static TimeSpan? TimeToLive(string key) => key.StartsWith("/registry/events/", StringComparison.Ordinal) ? TimeSpan.FromHours(1) : null;

    /// <summary>All entries but those that stood for processes which are gone.</summary>
    private async IAsyncEnumerable<IReadOnlyList<StoreEntry>> KeptAsync(BackupReader reader, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var page in reader.ReadEntriesAsync(cancellation).ConfigureAwait(false))
        {
            var kept = page.Where(e => !e.Key.StartsWith("/registry/masterleases/", StringComparison.Ordinal)).ToList();
            _skipped += page.Count - kept.Count;
            yield return kept;
        }
    }

    private async Task CompareAsync(IStore store, CancellationToken cancellation)
    {
        await using var snapshot = await StoreSnapshot.OpenAsync(store, cancellation).ConfigureAwait(false);
        using var hash = new EntryHash();
        await foreach (var page in snapshot.ReadAsync(StoreRange.Prefix("/registry/"), cancellation).ConfigureAwait(false))
        {
            foreach (var entry in page)
                hash.Append(entry);
        }

        if (hash.Objects != _totals!.Objects - _skipped || (_skipped == 0 && !hash.Result().AsSpan().SequenceEqual(_totals.Hash)))
            throw new BackupException("What was restored is not what was backed up.");
    }

    private Task<string?> SwitchAsync(CancellationToken cancellation)
    {
        var root = request.Directory.Root;
        try
        {
            if (Directory.Exists(root))
                Directory.Delete(root);
            Directory.Move(_part.Root, root);
            return Task.FromResult<string?>(null);
        }
        catch (IOException e)
        {
            throw new LifecycleException($"{root} cannot take the place of the restored folder: {e.Message}; if it is a mount point, name a folder below it", e);
        }
    }

    private static int? Minor(string version) =>
        version.TrimStart('v').Split('.') is [_, var minor, ..] && int.TryParse(minor, out var number) ? number : null;
}
