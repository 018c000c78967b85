using System.Runtime.CompilerServices;
using Coxswain.Grpc;
using Coxswain.Storage.Etcd.Connections;
using Coxswain.Storage.Etcd.Wire;

namespace Coxswain.Storage.Etcd;

/// <summary>The store of many machines: an etcd cluster (3.4 and later), which any number of processes share.</summary>
/// <remarks>
/// <para>Writes are acknowledged when a quorum of the members has them on disk. Reads are linearizable. One watch of etcd's feeds all
/// watches; it is taken up again where it was lost, at another member if need be, and nobody notices but by the delay.</para>
/// <para>When the member in use fails, the next one is used. Without a quorum everything but the watches, which wait, fails with
/// <see cref="StoreUnavailableException"/>, and works again by itself. A write is never made twice.</para>
/// <para>The user of etcd needs the right to read and write all keys.</para>
/// </remarks>
public sealed class EtcdStore : IStore
{
    private static readonly TimeSpan CatchUpPause = TimeSpan.FromMilliseconds(100);

    private readonly EtcdConnection _connection;
    private readonly EtcdRevisions _revisions;
    private readonly EtcdFeed _feed;
    private readonly EtcdReader _reader;
    private readonly EtcdLeases _leases;
    private readonly EtcdWriter _writer;
    private readonly TimeProvider _clock;
    private int _disposed;

    private EtcdStore(EtcdStoreOptions options, EtcdConnection connection, EtcdRevisions revisions, long revision, TimeProvider clock)
    {
        (Options, _connection, _revisions, _clock) = (options, connection, revisions, clock);
        var created = new CreateRevisions();
        _feed = new(connection, revisions, created, options, revision, clock);
        _reader = new(connection, revisions, created, options);
        _leases = new(connection, clock);
        _writer = new(connection, _leases, created);
    }

    public EtcdStoreOptions Options { get; }

    /// <summary>What the client has done so far.</summary>
    public EtcdMetrics Metrics => _connection.Metrics;

    /// <summary>The address of the member in use.</summary>
    public Uri Endpoint => _connection.Current.Address;

    /// <summary>For how long no member could serve; null: one does, as far as the last requests and probes have shown.</summary>
    public TimeSpan? Unavailable => _connection.Away;

    /// <summary>Why the last attempt failed that did; empty: none did.</summary>
    public string LastFailure => _connection.Reason;

    /// <summary>How many leases have been granted for keys that expire.</summary>
    public long Leases => _leases.Granted;

    /// <summary>The newest revision that the watches have seen.</summary>
    public long WatchedRevision => _feed.Log.Revision;

    public bool ExpiresKeys => true;

    internal EtcdConnection Connection => _connection;

    /// <summary>Connects, and begins to watch.</summary>
    /// <exception cref="StoreUnavailableException">No member can be reached, or there is no quorum.</exception>
    /// <exception cref="StoreException">The certificates cannot be read, or etcd refuses this client.</exception>
    public static async Task<EtcdStore> OpenAsync(EtcdStoreOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connection = new EtcdConnection(options, clock, new());
        try
        {
            var revisions = new EtcdRevisions(connection);
            await revisions.LearnCompactedAsync(cancellation);
            var revision = (await revisions.GetAsync(cancellation)).Current;
            return new(options, connection, revisions, revision, clock);
        }
        catch (Exception error)
        {
            await connection.DisposeAsync();
            if (error is GrpcException refused)
                throw EtcdErrors.Explain(refused);
            throw;
        }
    }

    /// <remarks><see cref="StoreRevisions.Compacted"/> is what this process knows of; another may have compacted since.</remarks>
    /// <inheritdoc/>
    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        ThrowIfDisposed();
        return _revisions.GetAsync(cancellation);
    }

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ThrowIfDisposed();
        return _reader.GetAsync(key, cancellation);
    }

    public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        ThrowIfDisposed();
        return _reader.ListAsync(range, options, cancellation);
    }

    public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentException.ThrowIfNullOrEmpty(write.Key);
        ThrowIfDisposed();
        return _writer.WriteAsync(write, cancellation);
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(
        StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var log = _feed.Log;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            ThrowIfDisposed();
            if (after < _revisions.Compacted)
                throw new CompactedException(after, _revisions.Compacted);
            if (!log.TryRead(range, after, out var batch))
            {
                await foreach (var missed in CatchUpAsync(range, after, cancellation))
                {
                    after = missed.Revision;
                    yield return missed;
                }
            }
            else if (batch is null)
            {
                await log.WaitAsync(after, cancellation);
            }
            else
            {
                after = batch.Revision;
                yield return batch;
            }
        }
    }

    public async ValueTask CompactAsync(long revision, CancellationToken cancellation)
    {
        ThrowIfDisposed();
        await CompactAsync(revision, physical: false, cancellation);
    }

    /// <summary>Ends the watches and the connections. What is under way ends with <see cref="ObjectDisposedException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _feed.DisposeAsync();
        await _connection.DisposeAsync();
        await _revisions.EndAsync();
        _leases.Dispose();
    }

    internal async Task CompactAsync(long revision, bool physical, CancellationToken cancellation)
    {
        try
        {
            await _connection.CallAsync(EtcdMethods.Compact, new CompactionRequest { Revision = revision, Physical = physical }, repeatable: true, cancellation);
            _revisions.SetCompacted(revision);
        }
        catch (GrpcException error) when (EtcdErrors.IsCompacted(error))
        {
            // Somebody else has, or we have and did not hear the answer.
            if (revision > _revisions.Compacted)
                await _revisions.LearnCompactedAsync(cancellation);
        }
        catch (GrpcException error) when (EtcdErrors.IsFuture(error))
        {
            throw new FutureRevisionException(revision, (await _revisions.GetAsync(cancellation)).Current);
        }
        catch (GrpcException error)
        {
            throw EtcdErrors.Explain(error);
        }
    }

    // Reads what the log has forgotten from etcd, until the log can go on.
    private async IAsyncEnumerable<StoreChanges> CatchUpAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var watch = EtcdWatch.ReadAsync(_connection, after, cancellation).GetAsyncEnumerator(cancellation);
        while (after < _feed.Log.Start)
        {
            List<StoreChange> changes;
            try
            {
                await watch.MoveNextAsync();
                changes = watch.Current;
            }
            catch (GrpcException)
            {
                // The caller begins again, at another member, from where this one has come to.
                await Task.Delay(CatchUpPause, _clock, cancellation);
                yield break;
            }
            catch (HistoryLostException)
            {
                await _revisions.LearnCompactedAsync(cancellation);
                throw new CompactedException(after, Math.Max(after + 1, _revisions.Compacted));
            }

            after = changes[^1].Revision;
            yield return new([.. changes.Where(change => range.Contains(change.Key))], after);
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
}
