using System.Runtime.InteropServices;
using Coxswain.Storage.Etcd.Connections;

namespace Coxswain.Storage.Etcd;

/// <summary>Keeps one watch of etcd open, from wherever it was lost, and feeds the log from which all our watches read.</summary>
internal sealed class EtcdFeed : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly EtcdConnection _connection;
    private readonly EtcdRevisions _revisions;
    private readonly CreateRevisions _created;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="revision">The newest revision; the log begins with it.</param>
    public EtcdFeed(
        EtcdConnection connection, EtcdRevisions revisions, CreateRevisions created, EtcdStoreOptions options, long revision, TimeProvider clock)
    {
        (_connection, _revisions, _created, _clock) = (connection, revisions, created, clock);

        // The first revision is that of an empty store: nothing was changed before it.
        Log = new(revision == 1 ? 0 : revision, revision, options.LogCount, options.LogBytes);
        _loop = RunAsync();
    }

    public ChangeLog Log { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        Log.Close(new ObjectDisposedException(nameof(EtcdStore)));
    }

    private async Task RunAsync()
    {
        for (var resumed = false; !_stop.IsCancellationRequested; resumed = true)
        {
            try
            {
                if (resumed)
                {
                    _connection.Metrics.WatchResumed();
                    await CheckAsync();
                }

                await foreach (var changes in EtcdWatch.ReadAsync(_connection, Log.Revision, _stop.Token))
                {
                    Log.Append(CollectionsMarshal.AsSpan(changes));
                    Learn(changes);
                }
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (HistoryLostException)
            {
                await SkipAsync();
            }
            catch (StoreCorruptException error)
            {
                Log.Close(error);
                return;
            }
            catch (Exception error)
            {
                // The connection goes to another member; the pause is for when there is none. Whatever else it may be must not end
                // the one watch that all others read from: they see no gap, and the reason is told.
                _connection.Note(error);
                await Task.Delay(Pause, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // What others have written may be updated here next; of what we have written ourselves this is known already.
    private void Learn(List<StoreChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.After is { } entry && _created.Find(entry.Key, entry.ModRevision) == 0)
                _created.Learn(entry.Key, entry.ModRevision, entry.CreateRevision);
        }
    }

    // A watch from a revision that etcd has not reached yet would wait, and miss what is written until then.
    private async Task CheckAsync()
    {
        var current = (await _revisions.GetAsync(_stop.Token)).Current;
        if (current < Log.Revision)
        {
            throw new StoreCorruptException(
                $"etcd has gone back from revision {Log.Revision} to {current}, as after the restore of an older copy; restart this server so that it reads everything anew.");
        }
    }

    // We were away for so long that the changes since are gone: whoever watches is told, and reads anew.
    private async Task SkipAsync()
    {
        try
        {
            await _revisions.LearnCompactedAsync(_stop.Token);
            Log.Restart((await _revisions.GetAsync(_stop.Token)).Current);
        }
        catch (Exception error) when (error is StoreException or OperationCanceledException or ObjectDisposedException)
        {
            // Tried again with the next watch, which ends the same way.
            await Task.Delay(Pause, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
