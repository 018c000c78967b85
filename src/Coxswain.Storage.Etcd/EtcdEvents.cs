using Coxswain.Storage.Etcd.Wire;

namespace Coxswain.Storage.Etcd;

/// <summary>Turns etcd's answers to a watch into whole revisions of changes.</summary>
/// <remarks>One for each watch; not thread-safe. A transaction of another client, or the end of a lease, may change many keys at one
/// revision; etcd may send them in pieces.</remarks>
internal sealed class EtcdEvents(long after)
{
    private readonly List<StoreChange> _pieces = [];

    /// <summary>The changes of an answer that are after the revision where the watch began, or null if the rest is still to come.</summary>
    /// <exception cref="HistoryLostException">What was there before a change has been compacted.</exception>
    public List<StoreChange>? Add(WatchResponse response)
    {
        foreach (var watched in response.Events)
        {
            if (watched.Current is not { } current || current.ModRevision <= after)
                continue;
            var isCreate = !watched.IsDelete && current.CreateRevision == current.ModRevision;
            if (!isCreate && watched.Previous is null)
                throw new HistoryLostException(current.ModRevision);
            _pieces.Add(new(watched.Previous?.ToEntry(), watched.IsDelete ? null : current.ToEntry(), current.ModRevision));
        }

        if (response.Fragment)
            return null;
        var changes = new List<StoreChange>(_pieces);
        _pieces.Clear();
        return changes;
    }
}

/// <summary>The watch came too late for what was there before a change.</summary>
internal sealed class HistoryLostException(long revision) : Exception($"what was there before revision {revision} has been compacted");
