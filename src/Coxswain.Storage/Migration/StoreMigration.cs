using System.Globalization;
using System.Text;

namespace Coxswain.Storage;

/// <summary>Moves everything from the store in use to another one while both requests and watches go on.</summary>
/// <remarks>
/// <para>The target's revision is raised above the source's before anything is copied, so that every key gets a revision that no client
/// has ever seen: neither lists nor objects go back in time, and a client's stale revision never fits by chance.</para>
/// <para>Until the switch the source is the truth. Whatever fails before it leaves the source in use, with nothing lost; the target then
/// holds a marker by which a next attempt knows that what lies there may be cleared.</para>
/// </remarks>
public sealed class StoreMigration(
    SwitchableStore source, IStore target, MigrationOptions options, IProgress<MigrationStep> progress, TimeProvider clock)
{
    private const int MaxRounds = 6;
    private readonly TargetImage _image = new(target, options);
    private readonly StoreRange _range = StoreRange.Prefix(options.Prefix);
    private long _marker;
    private long _floor;
    private long _margin;
    private long _applied;

    /// <summary>Does it all. When this returns, the target is in use and owned by the source's <see cref="SwitchableStore"/>; when it
    /// throws, the target stays the caller's, unless <see cref="Switched"/>.</summary>
    /// <exception cref="MigrationException">The reason in one sentence.</exception>
    public async Task<MigrationReport> RunAsync(CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        try
        {
            await PrepareAsync(cancellation);
            await RaiseAsync(cancellation);
            await CopyAsync(cancellation);
            using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await using var changes = source.WatchAsync(_range, _applied, watching.Token).GetAsyncEnumerator(watching.Token);
            await FollowAsync(changes, cancellation);
            await CheckAsync(cancellation);
            return await FinishAsync(changes, watching, started, cancellation);
        }
        catch (Exception error) when (error is not (MigrationException or OperationCanceledException) && !Switched)
        {
            throw new MigrationException($"{error.Message} The datastore was not changed.", error);
        }
    }

    /// <summary>Whether the target is in use.</summary>
    public bool Switched { get; private set; }

    private void Report(MigrationPhase phase, string detail, bool done = true) => progress.Report(new(phase, detail, done));

    private async Task PrepareAsync(CancellationToken cancellation)
    {
        var marker = await target.GetAsync(options.Scratch + "marker", cancellation);
        var left = (await target.ListAsync(_range, new(Limit: 1), cancellation)).Count;
        if (left > 0 && marker is null)
            throw new MigrationException($"The target is not empty: it holds {left} keys under {options.Prefix}; name an empty one. Nothing was changed.");
        if (left > 0 && !options.Resume)
        {
            throw new MigrationException(
                $"The target holds {left} keys that an earlier attempt left there; say --resume to clear them and begin anew. Nothing was changed.");
        }

        if (left > 0)
            await ClearAsync(cancellation);
        _marker = marker?.ModRevision ?? 0;
        await MarkAsync(present: true, cancellation);
        Report(MigrationPhase.Prepare, left > 0 ? $"cleared {left} keys of an earlier attempt" : "the target is empty");
    }

    /// <summary>Says in the target that what lies there is ours and not complete; or takes that back.</summary>
    private async Task MarkAsync(bool present, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> note = Encoding.UTF8.GetBytes(clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
        var written = await target.WriteAsync(new(options.Scratch + "marker", _marker, present ? note : default(ReadOnlyMemory<byte>?)), cancellation);
        if (!written.Committed)
            throw new MigrationException("Another migration to the same target is under way. The datastore was not changed.");
        _marker = present ? written.Revision : 0;
    }

    /// <summary>After a failure in the pause. Where that cannot be done either, the next attempt finds a target that is not empty.</summary>
    private async Task MarkAgainAsync()
    {
        if (_marker != 0)
            return;
        using var limit = new CancellationTokenSource(options.PauseLimit, clock);
        try
        {
            await MarkAsync(present: true, limit.Token);
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // The failure that led here is the one to be told.
        }
    }

    private async Task ClearAsync(CancellationToken cancellation)
    {
        await using var snapshot = await StoreSnapshot.OpenAsync(target, cancellation);
        await foreach (var page in snapshot.ReadAsync(_range, cancellation))
        {
            foreach (var part in page.Chunk(options.Writers))
                await Task.WhenAll(part.Select(e => target.WriteAsync(new(e.Key, e.ModRevision, Value: null), cancellation).AsTask()));
        }
    }

    private async Task RaiseAsync(CancellationToken cancellation)
    {
        // Each time twice as far: the source was faster than was thought.
        _margin = _margin > 0 ? _margin * 2 : options.Margin
            ?? (target is IRevisionAdvance ? 1_000_000 : 2_000 + ((await source.ListAsync(_range, new(Limit: 1), cancellation)).Count / 4));
        var wanted = (await source.GetRevisionsAsync(cancellation)).Current + _margin;
        await RevisionRaiser.RaiseAsync(
            target, wanted, options.Scratch + "revision/",
            new Told<long>(now => Report(MigrationPhase.Raise, $"revision {now} of {wanted}", done: false)), cancellation);
        _floor = Math.Max(wanted, (await target.GetRevisionsAsync(cancellation)).Current);
        Report(MigrationPhase.Raise, $"the target is at revision {_floor}");
    }

    private async Task CopyAsync(CancellationToken cancellation)
    {
        await using var snapshot = await source.OpenSnapshotAsync(cancellation);
        var count = await snapshot.CountAsync(_range, cancellation);
        var told = 0;
        await foreach (var page in snapshot.ReadAsync(_range, cancellation))
        {
            await _image.CopyAsync(page, cancellation);
            if (_image.Count / 20_000 != told / 20_000)
                Report(MigrationPhase.Copy, $"{told = _image.Count} of {count} keys", done: false);
        }

        _applied = snapshot.Revision;
        Report(MigrationPhase.Copy, $"{_image.Count} keys as of revision {_applied}");
    }

    /// <summary>Applies what happens until there is little left to apply.</summary>
    private async Task FollowAsync(IAsyncEnumerator<StoreChanges> changes, CancellationToken cancellation)
    {
        var since = clock.GetTimestamp();
        var before = _applied;
        while (await LagAsync(cancellation) > options.NearlyLevel)
        {
            await ApplyNextAsync(changes, cancellation);
            if (clock.GetElapsedTime(since) > options.LevelLimit)
                throw new MigrationException("The source is written faster than the target can follow; try again when there is less to do. The datastore was not changed.");
        }

        Report(MigrationPhase.Follow, $"{_applied - before} revisions applied");
    }

    private async Task<long> LagAsync(CancellationToken cancellation) => (await source.GetRevisionsAsync(cancellation)).Current - _applied;

    private async Task ApplyNextAsync(IAsyncEnumerator<StoreChanges> changes, CancellationToken cancellation)
    {
        if (!await changes.MoveNextAsync())
            throw new MigrationException("The watch of the source ended. The datastore was not changed.");
        await _image.ApplyAsync(changes.Current.Changes, cancellation);
        _applied = changes.Current.Revision;
    }

    private async Task CheckAsync(CancellationToken cancellation)
    {
        await _image.CheckAllAsync(cancellation);
        Report(MigrationPhase.Check, $"{_image.Count} keys read back");
    }

    private async Task<MigrationReport> FinishAsync(
        IAsyncEnumerator<StoreChanges> changes, CancellationTokenSource watching, long started, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            await FollowAsync(changes, cancellation);
            var current = (await source.GetRevisionsAsync(cancellation)).Current;
            if (current + (_margin / 4) >= _floor)
            {
                // The source has come near the revisions that the target's keys have.
                await RaiseAsync(cancellation);
                await _image.RewriteAsync(_floor, cancellation);
                await CheckAsync(cancellation);
                continue;
            }

            if (await TrySwitchAsync(changes, watching, cancellation) is { } switched)
                return await CompareAsync(switched, started, cancellation);
        }

        throw new MigrationException("The source is written so fast that its revisions overtake the target's; try again when there is less to do. The datastore was not changed.");
    }

    /// <summary>The pause: what is left is applied and checked, then everything goes to the target.</summary>
    /// <returns>Null: the source went on too far meanwhile.</returns>
    private async Task<SwitchedState?> TrySwitchAsync(
        IAsyncEnumerator<StoreChanges> changes, CancellationTokenSource watching, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = clock.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, options.PauseLimit, Timeout.InfiniteTimeSpan);
        using var unwatch = limit.Token.UnsafeRegister(static w => ((CancellationTokenSource)w!).Cancel(), watching);
        var began = clock.GetTimestamp();
        StoreSnapshot? old = null, fresh = null;
        try
        {
            using var pause = await source.PauseWritesAsync(limit.Token);
            var last = (await source.GetRevisionsAsync(limit.Token)).Current;
            if (last >= _floor)
                return null;
            while (_applied < last)
                await ApplyNextAsync(changes, limit.Token);
            await _image.CheckNewAsync(limit.Token);
            await MarkAsync(present: false, limit.Token);
            var revision = (await target.GetRevisionsAsync(limit.Token)).Current;
            await target.CompactAsync(revision, limit.Token);
            (old, fresh) = (await source.OpenSnapshotAsync(limit.Token), await StoreSnapshot.OpenAsync(target, limit.Token));
            Report(MigrationPhase.Pause, $"level at revision {last}");
            await options.Persist(limit.Token);

            // From here on nothing can fail.
            Switched = true;
            pause.SwitchTo(target, revision, options.TargetOwner);
            var took = clock.GetElapsedTime(began);
            Report(MigrationPhase.Switch, string.Create(CultureInfo.InvariantCulture, $"writes waited {took.TotalMilliseconds:0} ms"));
            return new SwitchedState(old, fresh, last, revision, took);
        }
        catch (Exception error) when (!Switched)
        {
            if (old is not null)
                await old.DisposeAsync();
            if (fresh is not null)
                await fresh.DisposeAsync();
            await MarkAgainAsync();
            if (error is OperationCanceledException && !cancellation.IsCancellationRequested)
                throw new MigrationException($"The last step took longer than {options.PauseLimit.TotalSeconds} s; writes go on in the source, and the datastore was not changed.", error);
            throw;
        }
    }

    private async Task<MigrationReport> CompareAsync(SwitchedState switched, long started, CancellationToken cancellation)
    {
        await using var old = switched.Old;
        await using var fresh = switched.Fresh;
        try
        {
            var (keys, bytes, hash) = await StateComparison.CompareAsync(old, fresh, _range, options.Skip, cancellation);
            Report(MigrationPhase.Compare, $"{keys} keys are the same on both sides, SHA-256 {hash}");
            return new(keys, bytes, switched.SourceRevision, switched.TargetRevision, clock.GetElapsedTime(started), switched.Pause, hash);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new MigrationException($"The target is in use, but the comparison of both stores afterwards failed: {error.Message}", error);
        }
    }

    private sealed record SwitchedState(StoreSnapshot Old, StoreSnapshot Fresh, long SourceRevision, long TargetRevision, TimeSpan Pause);

    private sealed class Told<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}
