using System.Runtime.CompilerServices;

namespace Coxswain.Storage;

/// <summary>The store in use, which can be exchanged for another while requests and watches go on.</summary>
/// <remarks>
/// <para>While writes are paused they wait for a while, and then fail with <see cref="StoreUnavailableException"/> without having done
/// anything; reads and watches go on. At the switch all watches end with <see cref="CompactedException"/>, so that whoever watches
/// reads the state anew. The store before it is disposed when the last read of it has ended.</para>
/// <para>Owns the stores. Safe for concurrent use.</para>
/// </remarks>
public sealed class SwitchableStore : IStore, ISnapshotStore
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private Generation _current;
    private TaskCompletionSource? _resumed;
    private TaskCompletionSource? _drained;
    private int _writing;
    private long _switchedAt;
    private Task _retiring = Task.CompletedTask;

    /// <param name="owner">What is disposed in the store's place, because it owns it with what belongs to it; null: the store.</param>
    public SwitchableStore(IStore store, TimeProvider clock, IAsyncDisposable? owner = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        (_current, _clock) = (new(store, owner ?? store), clock);
    }

    /// <summary>How long a write waits for the end of a pause.</summary>
    public TimeSpan WriteWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The store in use now. Not to be disposed, and not to be kept.</summary>
    public IStore Current => Volatile.Read(ref _current).Store;

    public bool ExpiresKeys => Current.ExpiresKeys;

    public async ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        using var use = Use();
        return await use.Store.GetRevisionsAsync(cancellation);
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        using var use = Use();
        return await use.Store.GetAsync(key, cancellation);
    }

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        using var use = Use();
        return await use.Store.ListAsync(range, options, cancellation);
    }

    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        using var use = TryBeginWrite(out var resumed) ?? await BeginWriteAsync(resumed!, cancellation);
        return await use.Store.WriteAsync(write, cancellation);
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(
        StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var use = Use();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, use.Retired);
        await using var changes = use.Store.WatchAsync(range, after, either.Token).GetAsyncEnumerator(either.Token);
        while (true)
        {
            try
            {
                if (!await changes.MoveNextAsync())
                    yield break;
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException
                && use.Retired.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw new CompactedException(after, Volatile.Read(ref _switchedAt));
            }

            after = changes.Current.Revision;
            yield return changes.Current;
        }
    }

    public async ValueTask CompactAsync(long revision, CancellationToken cancellation)
    {
        using var use = Use();
        await use.Store.CompactAsync(revision, cancellation);
    }

    public async ValueTask<StoreSnapshot> OpenSnapshotAsync(CancellationToken cancellation)
    {
        var use = Use();
        try
        {
            return new UsingSnapshot(await StoreSnapshot.OpenAsync(use.Store, cancellation), use);
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    /// <summary>Makes writes wait, and completes when those under way have ended. The pause ends when it is disposed or switched.</summary>
    /// <exception cref="InvalidOperationException">Somebody else holds them up already.</exception>
    internal async Task<WritePause> PauseWritesAsync(CancellationToken cancellation)
    {
        Task drained;
        lock (_gate)
        {
            if (_resumed is not null)
                throw new InvalidOperationException("writes are paused already");
            _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_writing == 0)
                _drained.SetResult();
            drained = _drained.Task;
        }

        var pause = new WritePause(this);
        try
        {
            await drained.WaitAsync(cancellation);
            return pause;
        }
        catch
        {
            pause.Dispose();
            throw;
        }
    }

    /// <summary>Ends watches and closes the store in use and those before it.</summary>
    public async ValueTask DisposeAsync()
    {
        await Volatile.Read(ref _retiring);
        await Volatile.Read(ref _current).Owner.DisposeAsync();
    }

    private StoreUse Use()
    {
        lock (_gate)
            return new(this, _current, isWrite: false);
    }

    private StoreUse? TryBeginWrite(out Task? resumed)
    {
        lock (_gate)
        {
            resumed = _resumed?.Task;
            if (resumed is not null)
                return null;
            _writing++;
            return new(this, _current, isWrite: true);
        }
    }

    private async ValueTask<StoreUse> BeginWriteAsync(Task resumed, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await resumed.WaitAsync(WriteWait, _clock, cancellation);
            }
            catch (TimeoutException error)
            {
                throw new StoreUnavailableException(
                    "Writes are held up while the cluster's state moves to another datastore; try again in some seconds.", error);
            }

            if (TryBeginWrite(out var again) is { } use)
                return use;
            resumed = again!;
        }
    }

    private void End(Generation generation, bool isWrite)
    {
        lock (_gate)
        {
            if (isWrite && --_writing == 0)
                _drained?.TrySetResult();
            if (--generation.Uses == 0 && generation.Retired.IsCancellationRequested)
                generation.Unused.TrySetResult();
        }
    }

    private void Resume()
    {
        TaskCompletionSource? resumed;
        lock (_gate)
            (resumed, _resumed, _drained) = (_resumed, null, null);
        resumed?.SetResult();
    }

    private void Switch(IStore target, IAsyncDisposable owner, long revision)
    {
        Generation old;
        lock (_gate)
        {
            Volatile.Write(ref _switchedAt, revision);
            old = _current;
            Volatile.Write(ref _current, new(target, owner));
            _retiring = Task.WhenAll(_retiring, RetireAsync(old));
        }

        Resume();
    }

    private async Task RetireAsync(Generation old)
    {
        await old.Retired.CancelAsync();
        lock (_gate)
        {
            if (old.Uses == 0)
                old.Unused.TrySetResult();
        }

        await old.Unused.Task;
        await old.Owner.DisposeAsync();
        old.Retired.Dispose();
    }

    /// <summary>Writes wait as long as this lives.</summary>
    internal sealed class WritePause(SwitchableStore owner) : IDisposable
    {
        private bool _over;

        /// <summary>From now on everything goes to another store, which this one owns then. What waits is written there.</summary>
        /// <param name="revision">The oldest revision of it that can be read.</param>
        public void SwitchTo(IStore target, long revision, IAsyncDisposable? targetOwner = null)
        {
            ObjectDisposedException.ThrowIf(_over, this);
            _over = true;
            owner.Switch(target, targetOwner ?? target, revision);
        }

        public void Dispose()
        {
            if (_over)
                return;
            _over = true;
            owner.Resume();
        }
    }

    private sealed class Generation(IStore store, IAsyncDisposable owner)
    {
        public IStore Store => store;
        public IAsyncDisposable Owner => owner;
        public int Uses { get; set; }
        public CancellationTokenSource Retired { get; } = new();
        public TaskCompletionSource Unused { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Keeps a store from being closed; made and ended under the gate.</summary>
    private sealed class StoreUse : IDisposable
    {
        private readonly SwitchableStore _owner;
        private readonly Generation _generation;
        private readonly bool _isWrite;

        public StoreUse(SwitchableStore owner, Generation generation, bool isWrite)
        {
            (_owner, _generation, _isWrite, Retired) = (owner, generation, isWrite, generation.Retired.Token);
            generation.Uses++;
        }

        public IStore Store => _generation.Store;

        /// <summary>Another store has taken its place.</summary>
        public CancellationToken Retired { get; }

        public void Dispose() => _owner.End(_generation, _isWrite);
    }

    private sealed class UsingSnapshot(StoreSnapshot inner, StoreUse use) : StoreSnapshot
    {
        public override long Revision => inner.Revision;

        public override ValueTask<long> CountAsync(StoreRange range, CancellationToken cancellation) => inner.CountAsync(range, cancellation);

        public override IAsyncEnumerable<IReadOnlyList<StoreEntry>> ReadAsync(StoreRange range, CancellationToken cancellation) =>
            inner.ReadAsync(range, cancellation);

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            use.Dispose();
        }
    }
}
