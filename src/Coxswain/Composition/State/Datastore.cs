using Coxswain.Lifecycle;
using Coxswain.Storage;
using Coxswain.Storage.Etcd;
using Coxswain.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>The store in use with what belongs to it, which can be exchanged while the cluster runs. Owns it.</summary>
internal sealed class Datastore : IAsyncDisposable
{
    private readonly ClusterOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILoggerFactory _loggers;
    private OpenedStore _opened;
    private int _migrating;

    private Datastore(OpenedStore opened, ClusterOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        (_opened, _options, _clock, _loggers) = (opened, options, clock, loggers);
        Store = new(opened.Store, clock, opened);
    }

    public SwitchableStore Store { get; }

    /// <summary>Where it is, for people.</summary>
    public string Place => Volatile.Read(ref _opened).Place;

    /// <summary>Opens the store that the settings name, or the one that the state was moved to.</summary>
    /// <exception cref="LifecycleException">It cannot be opened.</exception>
    public static async Task<Datastore> OpenAsync(
        ClusterOptions options, Action<string> waits, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellation)
    {
        if (!options.InMemory)
            options = options with { Store = DatastoreFile.Resolve(options.Directory, options.Store) };
        return new(await StoreSetup.OpenAsync(options, waits, clock, loggers, cancellation).ConfigureAwait(false), options, clock, loggers);
    }

    public Task<StoreReport> InspectAsync(CancellationToken cancellation) => Volatile.Read(ref _opened).InspectAsync(cancellation);

    /// <summary>Moves everything to another store, which is used from then on.</summary>
    /// <param name="live">API servers of this process use the store.</param>
    /// <exception cref="LifecycleException">It was not moved; the message says why.</exception>
    public async Task<string> MigrateAsync(MigrationRequest request, bool live, IProgress<PhaseReport> progress, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _migrating, 1) != 0)
            throw new LifecycleException("the state is being moved already");
        try
        {
            return await MoveAsync(request, live, progress, cancellation).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            throw new LifecycleException(e.Message, e);
        }
        finally
        {
            Volatile.Write(ref _migrating, 0);
        }
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    private async Task<string> MoveAsync(MigrationRequest request, bool live, IProgress<PhaseReport> progress, CancellationToken cancellation)
    {
        var steps = new MigrationPhases(progress, _clock);
        await CheckAsync(request, live, steps, cancellation).ConfigureAwait(false);
        var wanted = _options with { InMemory = false, Store = request.To.ApplyTo(_options.Store) };

        // A start waits for its store; here somebody waits for an answer.
        if (request.To.IsEtcd)
            await (await EtcdStore.OpenAsync(EtcdSetup.OptionsOf(wanted.Store), _clock, cancellation).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        var target = await StoreSetup.OpenAsync(wanted, why => throw new LifecycleException(why), _clock, _loggers, cancellation).ConfigureAwait(false);
        var from = Place;
        var migration = new StoreMigration(
            Store, target.Store, new()
            {
                TargetOwner = target,
                Resume = request.Resume,
                TimeToLive = key => key.StartsWith("/registry/events/", StringComparison.Ordinal) ? _options.ApiServer.EventTtl : null,
                Persist = _ =>
                {
                    DatastoreFile.For(request.To).Write(_options.Directory);
                    Volatile.Write(ref _opened, target);
                    return Task.CompletedTask;
                },
            }, steps, _clock);
        try
        {
            var report = await migration.RunAsync(cancellation).ConfigureAwait(false);
            return FormattableString.Invariant($"moved {report.Keys} keys ({report.Bytes >> 10} KiB) to {target.Place} in {report.Took.TotalSeconds:0.0} s; writes waited {report.Pause.TotalSeconds:0.00} s. {from} was left as it was.");
        }
        finally
        {
            if (!migration.Switched)
                await target.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task CheckAsync(MigrationRequest request, bool live, MigrationPhases steps, CancellationToken cancellation)
    {
        var database = _options.Directory.Database;
        var isEtcd = Volatile.Read(ref _opened).Store is not (MemoryStore or SqliteStore);
        if (_options.InMemory)
            throw new LifecycleException("this instance keeps its state in memory (--in-memory) and cannot keep anything else");
        if (!request.To.IsEtcd && request.To.Path.Length > 0 && request.To.Path != database)
            throw new LifecycleException($"the SQLite file of this data folder is {database}; write --to sqlite:");
        if (!request.To.IsEtcd && !isEtcd)
            throw new LifecycleException($"the state is in {Place} already");
        if (isEtcd && request.To.IsEtcd && request.To.Servers.Intersect(_options.Store.EtcdServers.Select(u => u.GetLeftPart(UriPartial.Authority))).Any())
            throw new LifecycleException($"the state is in {Place} already");

        if (isEtcd && !request.Force)
        {
            // Each API server keeps a lease of its own there.
            var leases = await Store.ListAsync(StoreRange.Prefix("/registry/masterleases/"), default, cancellation).ConfigureAwait(false);
            if (leases.Count > (live ? 1 : 0))
            {
                throw new LifecycleException(
                    $"{leases.Count} API servers use this etcd ({string.Join(", ", leases.Entries.Select(e => e.Key[(e.Key.LastIndexOf('/') + 1)..]))}); stop the others first. "
                    + "If they have just been stopped, wait some seconds; --force goes on regardless");
            }
        }

        if (!request.To.IsEtcd && File.Exists(database) && !request.Resume)
        {
            // What was left there when the state moved to etcd.
            var aside = $"{database}.{_clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}";
            foreach (var end in new[] { "", "-wal", "-shm" })
            {
                if (File.Exists(database + end))
                    File.Move(database + end, aside + end);
            }

            steps.Tell("aside", $"the former state is in {aside}");
        }
    }

    /// <summary>Steps of a migration as phases.</summary>
    private sealed class MigrationPhases(IProgress<PhaseReport> progress, TimeProvider clock) : IProgress<MigrationStep>
    {
        private long _since = clock.GetTimestamp();

        public void Tell(string name, string detail) => progress.Report(new(name, TimeSpan.Zero, detail, Error: null));

        public void Report(MigrationStep value)
        {
            progress.Report(new(NameOf(value.Phase), clock.GetElapsedTime(_since), value.Detail, Error: null) { Waits = !value.Done });
            if (value.Done)
                _since = clock.GetTimestamp();
        }

        private static string NameOf(MigrationPhase phase) => phase switch
        {
            MigrationPhase.Prepare => "target",
            MigrationPhase.Raise => "revision",
            MigrationPhase.Copy => "copy",
            MigrationPhase.Follow => "follow",
            MigrationPhase.Check => "check",
            MigrationPhase.Pause => "pause of writes",
            MigrationPhase.Switch => "switch",
            _ => "compare",
        };
    }
}
