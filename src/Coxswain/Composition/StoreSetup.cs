using Coxswain.Lifecycle;
using Coxswain.Storage;
using Coxswain.Storage.Etcd;
using Coxswain.Storage.Etcd.Maintenance;
using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>Opens the store that the settings name.</summary>
internal static partial class StoreSetup
{
    /// <exception cref="LifecycleException">It cannot be opened.</exception>
    /// <param name="waits">Told from time to time what is being waited for.</param>
    public static async Task<OpenedStore> OpenAsync(
        ClusterOptions options, Action<string> waits, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var logger = loggers.CreateLogger("Coxswain.Storage");
        try
        {
            if (options.InMemory)
            {
                var memory = new MemoryStore();
                return new(memory, "in memory: nothing is kept", Compactor(memory), _ => Task.FromResult(new StoreReport("memory", [])));
            }

            if (options.Store.EtcdServers.Count > 0)
            {
                var etcd = await EtcdSetup.OpenAsync(options.Store, waits, clock, cancellation).ConfigureAwait(false);
                var maintenance = new EtcdMaintenance(etcd, clock);
                return new(
                    etcd, "etcd at " + EtcdSetup.Names(options.Store),
                    options.Store.CompactionInterval > TimeSpan.Zero
                        ? new EtcdCompactor(etcd, options.Store.CompactionInterval, clock, error => LogCompactionFailed(logger, error.Message))
                        : null,
                    maintenance.GetReportAsync,
                    new EtcdUpkeep(maintenance, new(etcd, EtcdKeeper.DefaultInterval, clock, error => LogUpkeepFailed(logger, error.Message))));
            }

            var setup = await SqliteSetup.OpenAsync(options.Directory.Database, clock, logger, cancellation).ConfigureAwait(false);
            return new(setup.Store, setup.Store.Path, Compactor(setup.Store), _ => Task.FromResult(setup.Store.Report()), setup);
        }
        catch (StoreException e)
        {
            throw new LifecycleException(e.Message, e);
        }

        StoreCompactor? Compactor(IStore store) => options.Store.CompactionInterval <= TimeSpan.Zero
            ? null
            : new(store, options.Store.CompactionInterval, clock, error => LogCompactionFailed(logger, error.Message));
    }

    [LoggerMessage(LogLevel.Warning, "The store could not be compacted, trying again: {Reason}")]
    private static partial void LogCompactionFailed(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "The members of etcd could not be looked after, trying again: {Reason}")]
    private static partial void LogUpkeepFailed(ILogger logger, string reason);

    /// <summary>What looks at etcd's members and after them.</summary>
    private sealed class EtcdUpkeep(EtcdMaintenance maintenance, EtcdKeeper keeper) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await keeper.DisposeAsync().ConfigureAwait(false);
            maintenance.Dispose();
        }
    }
}

/// <summary>A store with what belongs to it. Owns all of it.</summary>
/// <param name="place">Where it is, for people.</param>
/// <param name="compactor">Null: somebody else compacts.</param>
/// <param name="inspect">How the store is; does not throw for what is wrong with it, but says it.</param>
/// <param name="keeper">What works on the store beside everything else; null: nothing.</param>
internal sealed class OpenedStore(IStore store, string place, IAsyncDisposable? compactor, Func<CancellationToken, Task<StoreReport>> inspect,
    IAsyncDisposable? keeper = null) : IAsyncDisposable
{
    public IStore Store => store;

    public string Place => place;

    public Task<StoreReport> InspectAsync(CancellationToken cancellation) => inspect(cancellation);

    public async ValueTask DisposeAsync()
    {
        if (compactor is not null)
            await compactor.DisposeAsync().ConfigureAwait(false);
        if (keeper is not null)
            await keeper.DisposeAsync().ConfigureAwait(false);
        await store.DisposeAsync().ConfigureAwait(false);
    }
}
