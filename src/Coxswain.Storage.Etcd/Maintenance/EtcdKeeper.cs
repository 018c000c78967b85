namespace Coxswain.Storage.Etcd.Maintenance;

/// <summary>Keeps an etcd cluster from filling up, and takes it out of it: when a member has raised the alarm that it is full, the
/// history is compacted, the members are defragmented one at a time, and the alarm is taken back once there is room. Long before that,
/// members whose files are mostly unused space are defragmented.</summary>
/// <remarks>Of several processes on one cluster one does it, whoever holds the <see cref="EtcdKeeperLock"/>. What fails is tried again
/// with the next turn.</remarks>
public sealed class EtcdKeeper : IAsyncDisposable
{
    private readonly EtcdStore _store;
    private readonly EtcdMaintenance _maintenance;
    private readonly EtcdKeeperLock _lock;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _clock;
    private readonly Action<Exception>? _failed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private IReadOnlyList<EtcdMember> _members = [];
    private Exception? _failure;
    private long _defragmentations;
    private long _disarmed;

    /// <summary>Begins at once.</summary>
    /// <param name="failed">Told of each turn that fails; must not throw.</param>
    public EtcdKeeper(EtcdStore store, TimeSpan interval, TimeProvider clock, Action<Exception>? failed = null)
    {
        (_store, _interval, _clock, _failed) = (store, interval, clock, failed);
        _maintenance = new(store, clock);
        _lock = new(store, clock);
        _loop = RunAsync();
    }

    public static TimeSpan DefaultInterval { get; } = TimeSpan.FromSeconds(30);

    /// <summary>How the members were when it last looked; empty before it has.</summary>
    public IReadOnlyList<EtcdMember> Members => Volatile.Read(ref _members);

    /// <summary>Why the last turn failed; null if it did not.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>How many members have been defragmented.</summary>
    public long Defragmentations => Volatile.Read(ref _defragmentations);

    /// <summary>How often the alarm of full members has been taken back.</summary>
    public long Disarmed => Volatile.Read(ref _disarmed);

    /// <summary>Whether more than half of a file, and of what may be in it, is unused space.</summary>
    public static bool IsMostlyUnused(EtcdMember member) =>
        member.DbSize - member.DbSizeInUse > member.DbSize / 2 && member.DbSize > (member.Quota > 0 ? member.Quota : 2L << 30) / 2;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await _lock.DisposeAsync();
        _maintenance.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await TurnAsync(_stop.Token);
                Volatile.Write(ref _failure, null);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (Exception error)
            {
                Volatile.Write(ref _failure, error);
                _failed?.Invoke(error);
            }

            await Task.Delay(_interval, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TurnAsync(CancellationToken cancellation)
    {
        var members = await _maintenance.GetMembersAsync(cancellation);
        Volatile.Write(ref _members, members);
        var full = members.Any(member => member.Alarms.Contains("NOSPACE"));

        // The lock is held before it is needed: a full etcd gives out no more leases.
        if (!await _lock.HoldAsync(full, cancellation))
            return;
        if (full)
            await MakeRoomAsync(members, cancellation);
        else if (members.Any(IsMostlyUnused))
            Count(await _maintenance.DefragmentAsync(IsMostlyUnused, cancellation));
        Volatile.Write(ref _members, await _maintenance.GetMembersAsync(cancellation));
    }

    private async Task MakeRoomAsync(IReadOnlyList<EtcdMember> before, CancellationToken cancellation)
    {
        // 1. Nothing but the newest state is kept. Watches that are behind will have to read anew.
        await _store.CompactAsync((await _store.GetRevisionsAsync(cancellation)).Current, physical: true, cancellation);

        // 2. The files shrink to it.
        Count(await _maintenance.DefragmentAsync(member => member.DbSize - member.DbSizeInUse > member.DbSize / 20, cancellation));

        // 3. Only with some room to spare are writes taken again; otherwise the next ones would raise the alarm anew.
        var after = await _maintenance.GetMembersAsync(cancellation);
        foreach (var member in after)
        {
            // A member raises the alarm when it is as large as its quota, so that is known even where it does not tell it.
            var limit = member.Quota > 0 ? member.Quota : before.FirstOrDefault(other => other.Id == member.Id)?.DbSize ?? 0;
            if (member.DbSize > limit * 8 / 10)
            {
                throw new StoreFullException(
                    $"The etcd member {member.Name} holds {member.DbSize >> 20} MiB of live data, of {limit >> 20} MiB that it may; delete something, or raise --quota-backend-bytes.");
            }
        }

        await _maintenance.DisarmAsync(cancellation);
        Interlocked.Increment(ref _disarmed);
    }

    private void Count(IReadOnlyList<EtcdDefragmentation> done) => Interlocked.Add(ref _defragmentations, done.Count);
}
