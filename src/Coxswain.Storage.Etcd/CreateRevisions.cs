namespace Coxswain.Storage.Etcd;

/// <summary>When keys that were written or read lately were created, so that an update need not ask etcd for it.</summary>
/// <remarks>A revision of a key has one create revision for ever, so what is found is right, and what was overwritten by another key is
/// only asked for again. Bounded; thread-safe without locks: a slot is one reference.</remarks>
internal sealed class CreateRevisions
{
    private const int Slots = 1 << 14;

    private readonly Slot?[] _slots = new Slot?[Slots];

    public void Learn(string key, long modRevision, long createRevision) =>
        Volatile.Write(ref _slots[Index(key)], new(key, modRevision, createRevision));

    /// <returns>0: not known.</returns>
    public long Find(string key, long modRevision) =>
        Volatile.Read(ref _slots[Index(key)]) is { } slot && slot.ModRevision == modRevision && slot.Key == key ? slot.CreateRevision : 0;

    private static int Index(string key) => key.GetHashCode(StringComparison.Ordinal) & (Slots - 1);

    private sealed record Slot(string Key, long ModRevision, long CreateRevision);
}
