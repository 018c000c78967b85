using System.Runtime.InteropServices;

namespace Coxswain.Storage.Sqlite;

/// <summary>Commits what waits, tells the watches, then acknowledges; compacts and tidies in between.</summary>
/// <remarks>One at a time has the turn to write: the thread of the writer, or, when few write, a work item of the thread pool,
/// which the caller's own thread picks up as soon as the caller waits. That saves waking two threads for each write, which on a busy
/// machine is most of what a lone write would wait for. When many write, the thread does it, so that no pool thread is held up.</remarks>
internal sealed class SqliteCommitter : IAsyncDisposable, IThreadPoolWorkItem
{
    /// <summary>When the log is so many times as long as it should be, the writer stops and copies the rest of it.</summary>
    public const int LongLog = 8;

    private const int MinSweep = 32;
    private const int MaxSweep = 4096;
    private const int ShrinkPages = 128;

    /// <summary>So many commits may pass before a step of compaction gets its turn: neither starves the other.</summary>
    private const int CommitsPerStep = 4;

    /// <summary>The thread is left alone if the last commit carried no more writes than this.</summary>
    private const int FewWrites = 2;

    /// <summary>How long one step of compaction should hold up the writers.</summary>
    private static readonly TimeSpan StepTime = TimeSpan.FromMilliseconds(5);

    private readonly string _path;
    private readonly SqliteStoreOptions _options;
    private readonly SqliteReaders _readers;
    private readonly SqliteWriter _writer;
    private readonly SqliteCheckpointer _checkpointer;
    private readonly WriteQueue _queue;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _turn = new();
    private readonly List<PendingWrite> _batch = [];
    private readonly List<StoreChange> _changes = [];
    private readonly Lock _gate = new();
    private readonly List<(long Revision, TaskCompletionSource Done)> _compactions = [];
    private long _compactTarget;
    private long _compacted;
    private long _uncopied;
    private int _sweepSize = 256;
    private int _sinceStep;
    private int _lastBatch;
    private int _scheduled;
    private bool _shrink;
    private Task? _pausing;
    private bool _paused;
    private bool _full;
    private long _commits;
    private long _writes;

    public SqliteCommitter(string path, SqliteStoreOptions options, SqliteReaders readers)
    {
        (_path, _options, _readers) = (path, options, readers);
        _writer = new(path, options);
        _checkpointer = new(path, options);
        _queue = new(options);
        _compacted = _compactTarget = _writer.Compacted;
        Log = new(_writer.Revision, _writer.Revision, options.LogCount, options.LogBytes);

        new Thread(Run) { IsBackground = true, Name = "sqlite writer" }.Start();
    }

    public ChangeLog Log { get; }

    public long Compacted => Volatile.Read(ref _compacted);

    public long Commits => Volatile.Read(ref _commits);

    public long Writes => Volatile.Read(ref _writes);

    public bool Full => Volatile.Read(ref _full);

    /// <summary>Sees to it that a write is committed; its task tells when.</summary>
    public async ValueTask SubmitAsync(PendingWrite write, CancellationToken cancellation)
    {
        await _queue.AddAsync(write, cancellation);
        if (Volatile.Read(ref _lastBatch) > FewWrites)
            _queue.Wake();
        else if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    void IThreadPoolWorkItem.Execute()
    {
        // Before the writes are taken: one that comes after this schedules anew.
        Volatile.Write(ref _scheduled, 0);
        if (Monitor.TryEnter(_turn))
        {
            try
            {
                CommitWaiting();
            }
            finally
            {
                Monitor.Exit(_turn);
            }
        }

        if (!_queue.IsEmpty || HasUpkeep())
            _queue.Wake();
    }

    /// <summary>Completes when what only older revisions need is gone.</summary>
    public Task CompactAsync(long revision)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _compactTarget = Math.Max(_compactTarget, revision);
            _compactions.Add((revision, done));
        }

        _queue.Wake();
        return done.Task;
    }

    /// <summary>Steps over revisions up to this one; those before it are compacted.</summary>
    public Task AdvanceAsync(long revision) => Task.Run(() =>
    {
        lock (_turn)
        {
            if (revision <= _writer.Revision)
                return;
            var wasWhole = _checkpointer.IsWhole;
            _writer.Advance(revision);
            Grown(wasWhole);
            lock (_gate)
                _compactTarget = Math.Max(_compactTarget, revision);
            Volatile.Write(ref _compacted, revision);
            Log.Restart(revision);
        }

        _queue.Wake();
    });

    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _stopped.Task;
        if (_pausing is not null)
        {
            await _pausing;
            _readers.Resume();
        }

        await _checkpointer.DisposeAsync();
        _writer.Dispose();
    }

    private void Run()
    {
        bool open;
        do
        {
            open = _queue.WaitForWork();
            lock (_turn)
            {
                do
                {
                    var committed = CommitWaiting();
                    if ((open || committed) && HasUpkeep() && (!committed || ++_sinceStep >= CommitsPerStep))
                    {
                        _sinceStep = 0;
                        Upkeep();
                    }
                }
                while (!_queue.IsEmpty || (open && HasUpkeep()));
            }
        }
        while (open);

        lock (_gate)
        {
            foreach (var (_, done) in _compactions)
                done.TrySetException(new ObjectDisposedException(nameof(SqliteStore)));
            _compactions.Clear();
        }

        _stopped.SetResult();
    }

    /// <summary>One commit of what waits. Only for who has the turn.</summary>
    /// <returns>False: nothing waited.</returns>
    private bool CommitWaiting()
    {
        _queue.Take(_batch);
        if (_batch.Count == 0)
            return false;
        Volatile.Write(ref _lastBatch, _batch.Count);
        Commit();
        _batch.Clear();
        _changes.Clear();
        return true;
    }

    private void Commit()
    {
        var wasWhole = _checkpointer.IsWhole;
        try
        {
            _writer.Commit(CollectionsMarshal.AsSpan(_batch), _changes);
        }
        catch (Exception error)
        {
            Volatile.Write(ref _full, error is StoreFullException);
            foreach (var pending in _batch)
                pending.Fail(error);

            // On a full disk the log cannot grow; when all of it is in the file it begins anew, with the room that it has.
            if (error is StoreFullException)
                _uncopied = Math.Max(_uncopied, _options.CheckpointBytes);
            else
                Resynchronize();
            return;
        }

        Grown(wasWhole && _changes.Count > 0);
        if (_batch.Exists(static pending => pending.Refusal is not null))
            Volatile.Write(ref _full, true);
        else if (_changes.Exists(static change => change.After is not null))
            Volatile.Write(ref _full, false);
        _commits++;
        _writes += _changes.Count;
        foreach (var change in _changes)
            _uncopied += (change.After?.Value.Length ?? 0) + (3 * _writer.PageSize);

        // In this order: who was told that the write is done finds the revision it got.
        Log.Append(CollectionsMarshal.AsSpan(_changes));
        foreach (var pending in _batch)
            pending.Complete();
    }

    /// <summary>After a failure that leaves open whether the commit is there, looks, and tells the watches if it is.</summary>
    private void Resynchronize()
    {
        try
        {
            var revision = _writer.ReadRevision();
            if (revision == _writer.Revision)
                return;
            _writer.Accept(revision);
            using var reader = new SqliteReader(_path, _options);
            while (Log.Revision < revision)
                Log.Append([.. reader.ReadChanges(new("", null), Log.Revision).Changes]);
        }
        catch (StoreException)
        {
            // The file cannot be read now either; the next write tries anew and says so itself.
        }
    }

    private bool HasUpkeep() =>
        MustCopy() || _shrink || _writer.Swept < Volatile.Read(ref _compactTarget) || HasCompactions();

    private bool MustCopy() => _pausing is null ? _uncopied >= _options.CheckpointBytes : Volatile.Read(ref _paused);

    private bool HasCompactions()
    {
        lock (_gate)
            return _compactions.Count > 0;
    }

    /// <summary>One small step of whatever is to be tidied up.</summary>
    private void Upkeep()
    {
        if (MustCopy())
        {
            CopyLog();
            return;
        }

        try
        {
            var wasWhole = _checkpointer.IsWhole;
            long target;
            lock (_gate)
                target = _compactTarget;
            if (_writer.Compacted < target)
            {
                _writer.Compact(target);
                Grown(wasWhole);
                Volatile.Write(ref _compacted, target);
                Log.TrimTo(target);
            }

            if (_writer.Swept < target)
            {
                var took = _writer.Sweep(_sweepSize);
                Grown(wasWhole);
                _sweepSize = Math.Clamp(took > StepTime ? _sweepSize / 2 : _sweepSize * 2, MinSweep, MaxSweep);
                _uncopied += _sweepSize * _writer.PageSize / 8;
                _shrink = _writer.Swept >= target;
            }
            else if (_shrink)
            {
                _shrink = _writer.Shrink(ShrinkPages, out var gave);
                Grown(wasWhole && gave);

                // The file gets shorter when the log is copied into it.
                _uncopied = _shrink ? _uncopied + (ShrinkPages * _writer.PageSize) : _options.CheckpointBytes;
            }

            CompleteCompactions(null);
        }
        catch (Exception error)
        {
            // Tried again with the next compaction; who waits for this one hears of it.
            _shrink = false;
            lock (_gate)
                _compactTarget = _writer.Swept;
            CompleteCompactions(error);
        }
    }

    /// <summary>Sees to it that the log is copied into the file, or does it.</summary>
    private void CopyLog()
    {
        _uncopied = 0;
        if (_pausing is not null)
        {
            try
            {
                _writer.Checkpoint(_checkpointer);
            }
            catch (StoreException)
            {
                // The log stays as it is and nothing is lost; tried again when more has been written.
            }
            finally
            {
                (_pausing, _paused) = (null, false);
                _readers.Resume();
            }
        }
        else if (_checkpointer.Pages * _writer.PageSize < LongLog * _options.CheckpointBytes)
        {
            _checkpointer.Request();
        }
        else
        {
            // It begins anew only when nobody reads it any more. Writes go on until the reads under way have ended.
            _pausing = PauseAsync();
        }
    }

    private async Task PauseAsync()
    {
        await _readers.PauseAsync().ConfigureAwait(false);
        Volatile.Write(ref _paused, true);
        _queue.Wake();
    }

    private void Grown(bool sinceWhole)
    {
        if (sinceWhole)
            _checkpointer.LogHasGrown();
    }

    private void CompleteCompactions(Exception? error)
    {
        lock (_gate)
        {
            for (var i = _compactions.Count - 1; i >= 0; i--)
            {
                var (revision, done) = _compactions[i];
                if (error is not null)
                    done.TrySetException(error);
                else if (_writer.Swept >= revision)
                    done.TrySetResult();
                else
                    continue;
                _compactions.RemoveAt(i);
            }
        }
    }
}
