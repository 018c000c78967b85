using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Deletes events that nobody has written to for their time to live.</summary>
/// <remarks>The store knows revisions and not times, so this notes from time to time which revision the store is at: whatever was
/// written before the note that is as old as the time to live, is too old. After a restart events live on for one more such time.</remarks>
internal sealed class EventExpiry(RegistryTable registries, TimeSpan timeToLive, TimeProvider clock)
{
    private readonly Queue<(long Time, long Revision)> _notes = new();

    public async Task SweepAsync(CancellationToken cancellation)
    {
        var now = clock.GetTimestamp();
        _notes.Enqueue((now, (await registries.Store.GetRevisionsAsync(cancellation)).Current));
        long expired = -1;
        while (_notes.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.Time, now) >= timeToLive)
            expired = _notes.Dequeue().Revision;
        if (expired < 0)
            return;

        var registry = registries.For<Event>();
        var snapshot = await registry.ReadAsync(cancellation);
        foreach (var cached in snapshot.Range(registry.KeyPrefix))
            if (cached.Revision <= expired)
                await registry.RemoveAsync(cached, cancellation);
    }
}
