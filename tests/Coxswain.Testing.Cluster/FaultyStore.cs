using System.Runtime.CompilerServices;
using Coxswain.Storage;

namespace Coxswain.Testing.Cluster;

/// <summary>What is wrong with a <see cref="FaultyStore"/>.</summary>
public enum StoreFault
{
    None,

    /// <summary>Everything but watches fails at once, as where no member of a cluster can be reached.</summary>
    Refuses,

    /// <summary>Nothing is answered until it is well again, as where members have no quorum.</summary>
    Hangs,

    /// <summary>Writes take until it is well again; reads are answered, as where the disk is slow.</summary>
    WritesHang,
}

/// <summary>A store with faults at will. A write that was begun before or during a fault is done when it is well again.</summary>
public sealed class FaultyStore(IStore inner) : IStore
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _well = new();
    private StoreFault _fault;

    public StoreFault Fault
    {
        get
        {
            lock (_gate)
                return _fault;
        }

        set
        {
            lock (_gate)
            {
                _fault = value;
                _well.TrySetResult();
                _well = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    public bool ExpiresKeys => inner.ExpiresKeys;

    public async ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        await PassAsync(writes: false, cancellation);
        return await inner.GetRevisionsAsync(cancellation);
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        await PassAsync(writes: false, cancellation);
        return await inner.GetAsync(key, cancellation);
    }

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        await PassAsync(writes: false, cancellation);
        return await inner.ListAsync(range, options, cancellation);
    }

    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        await PassAsync(writes: true, cancellation);
        return await inner.WriteAsync(write, cancellation);
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var batch in inner.WatchAsync(range, after, cancellation))
            yield return batch;
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellation) => inner.CompactAsync(revision, cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask PassAsync(bool writes, CancellationToken cancellation)
    {
        while (true)
        {
            Task well;
            lock (_gate)
            {
                if (_fault == StoreFault.Refuses)
                    throw new StoreUnavailableException("no member of the cluster can be reached");
                if (_fault == StoreFault.None || (_fault == StoreFault.WritesHang && !writes))
                    return;
                well = _well.Task;
            }

            await well.WaitAsync(cancellation);
        }
    }
}
