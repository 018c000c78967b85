namespace Coxswain.Storage;

/// <summary>A key space of opaque bytes in which every committed write gets the next revision.</summary>
/// <remarks>
/// <para>All durable cluster state passes through here. Safe for concurrent use. Keys are compared by ordinal (UTF-8) order.
/// Values handed out are immutable and may be kept; the store keeps the memory it is given, which the caller must no longer change.</para>
/// <para>Three guarantees: an exception from a write means <em>outcome unknown</em>, never <em>not done</em>; a batch without
/// changes still carries a revision, which is the bookmark; a watch that cannot be gapless ends with an exception rather than
/// with a gap.</para>
/// </remarks>
public interface IStore : IAsyncDisposable
{
    /// <summary>Whether the store itself deletes keys whose <see cref="StoreWrite.TimeToLive"/> is over (as etcd's leases do). A store
    /// that does not, ignores it, and somebody above it must sweep.</summary>
    bool ExpiresKeys { get; }

    /// <summary>The newest committed revision, and the oldest one that can still be read or watched. Linearizable.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be reached, or has no quorum. Every other member may throw it too.</exception>
    ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation);

    /// <summary>The newest entry of a key, or null if there is none. Linearizable: sees every write acknowledged before the call.</summary>
    ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation);

    /// <summary>Entries of a range in key order, all as of one revision.</summary>
    /// <exception cref="CompactedException">The revision asked for has been compacted.</exception>
    /// <exception cref="FutureRevisionException">The revision asked for has not been reached.</exception>
    ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation);

    /// <summary>Puts or deletes one key if it is still at the expected revision (0: absent).
    /// A lost race is a result, not an exception. Once the write is queued for commit, cancellation no longer takes it back.</summary>
    /// <exception cref="StoreFullException">There is no room; the store goes on serving reads and watches.</exception>
    ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation);

    /// <summary>Every change of a range after a revision, in order, without gaps. A revision that is not reached yet is waited for.
    /// Writes outside the range move it on too: they give batches without changes.</summary>
    /// <exception cref="CompactedException">The changes after that revision are no longer all known.</exception>
    /// <exception cref="ObjectDisposedException">The store was closed.</exception>
    IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, CancellationToken cancellation);

    /// <summary>Forgets what only revisions before <paramref name="revision"/> need.</summary>
    /// <exception cref="FutureRevisionException">The revision has not been reached.</exception>
    ValueTask CompactAsync(long revision, CancellationToken cancellation);
}

/// <param name="Current">The newest committed revision.</param>
/// <param name="Compacted">Revisions below this one can no longer be read; a watch can start after this one or later.</param>
public readonly record struct StoreRevisions(long Current, long Compacted);

/// <summary>One key's value. <see cref="ModRevision"/> is the revision of the write that made it.</summary>
/// <remarks>Equality is by content: two reads of one revision give equal entries.</remarks>
public record StoreEntry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision) : IKeyed
{
    public virtual bool Equals(StoreEntry? other) =>
        other is not null && ModRevision == other.ModRevision && CreateRevision == other.CreateRevision
        && string.Equals(Key, other.Key, StringComparison.Ordinal) && Value.Span.SequenceEqual(other.Value.Span);

    public override int GetHashCode() => HashCode.Combine(Key, ModRevision);
}

/// <summary>Keys from <paramref name="Start"/> (inclusive) to <paramref name="End"/> (exclusive; null: no end).</summary>
public readonly record struct StoreRange(string Start, string? End)
{
    /// <summary>All keys that begin with a prefix.</summary>
    public static StoreRange Prefix(string prefix)
    {
        // Keys are ASCII paths; the successor of the last character bounds the prefix.
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return new(prefix, string.Concat(prefix.AsSpan(0, prefix.Length - 1), [(char)(prefix[^1] + 1)]));
    }

    public bool Contains(string key) =>
        string.CompareOrdinal(key, Start) >= 0 && (End is null || string.CompareOrdinal(key, End) < 0);
}

/// <param name="Revision">0: the newest. Otherwise the state as of that revision.</param>
/// <param name="Limit">0: all.</param>
public readonly record struct StoreListOptions(long Revision = 0, int Limit = 0);

/// <param name="Revision">The revision that the entries are as of.</param>
/// <param name="More">Entries of the range were left out because of the limit.</param>
/// <param name="Count">How many entries the range holds at that revision, left-out ones included.</param>
public sealed record StorePage(IReadOnlyList<StoreEntry> Entries, long Revision, bool More, long Count);

/// <summary>A conditional write of one key.</summary>
/// <param name="ExpectedRevision">The <see cref="StoreEntry.ModRevision"/> that the key must have; 0: the key must be absent.</param>
/// <param name="Value">The new value; null deletes the key (deleting an absent key commits nothing).</param>
/// <param name="TimeToLive">How long the key lives at least from this write on, where <see cref="IStore.ExpiresKeys"/>; null: for ever.</param>
public sealed record StoreWrite(string Key, long ExpectedRevision, ReadOnlyMemory<byte>? Value, TimeSpan? TimeToLive = null);

/// <param name="Committed">False: the key was not at the expected revision and nothing was changed.</param>
/// <param name="Revision">The revision of this write, or the current one if nothing was changed.</param>
/// <param name="Entry">The key's entry now (null: absent), so that the loser of a race need not read again.</param>
public sealed record WriteResult(bool Committed, long Revision, StoreEntry? Entry);

/// <summary>One committed write: the entry it replaced and the entry it made (null: absent).</summary>
public sealed record StoreChange(StoreEntry? Before, StoreEntry? After, long Revision)
{
    public string Key => (After ?? Before)!.Key;
}

/// <summary>Changes in revision order. Everything in the range up to <paramref name="Revision"/> has been delivered with this
/// batch; a batch without changes is a bookmark.</summary>
public sealed record StoreChanges(IReadOnlyList<StoreChange> Changes, long Revision);

/// <summary>What was asked for lies before the oldest revision that is kept.</summary>
public sealed class CompactedException(long asked, long compacted)
    : Exception($"revision {asked} has been compacted; the oldest that can be read is {compacted}")
{
    public long Asked { get; } = asked;
    public long Compacted { get; } = compacted;
}

/// <summary>What was asked for lies after the newest committed revision.</summary>
public sealed class FutureRevisionException(long asked, long current)
    : Exception($"revision {asked} has not been reached; the newest is {current}")
{
    public long Asked { get; } = asked;
    public long Current { get; } = current;
}
