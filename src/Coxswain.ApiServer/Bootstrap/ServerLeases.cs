using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Datastore;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Which API servers of a cluster are alive: one key for each address, upstream's, which its server renews and which goes when
/// it no longer does.</summary>
/// <remarks>Clocks of different machines need not agree: the store counts the time, or, where it does not, each server counts by its
/// own clock how long a key has not changed.</remarks>
internal sealed class ServerLeases(IStore store, string address, TimeProvider clock)
{
    public const string Prefix = "/registry/masterleases/";

    /// <summary>Upstream's.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(15);

    private static readonly GroupVersionKind Kind = new("", "v1", "Endpoints");
    private readonly ConcurrentDictionary<string, (long Revision, long Since)> _seen = new(StringComparer.Ordinal);

    private string Key => Prefix + address;

    /// <summary>Says that this server is alive, for one time to live more.</summary>
    public async Task RenewAsync(CancellationToken cancellation)
    {
        var entry = await store.GetAsync(Key, cancellation);
        while (true)
        {
            var before = entry is null ? null : StoredDocument.Decode<Endpoints>(Kind, entry.Value);
            var lease = new Endpoints
            {
                // Counts the renewals: each must change something, so that others see that the server lives.
                Metadata = new() { Generation = (before?.Metadata.Generation ?? 0) + 1 },
                Subsets = [new() { Addresses = [new() { Ip = address }] }],
            };
            var result = await store.WriteAsync(new(Key, entry?.ModRevision ?? 0, StoredDocument.Encode(lease), Ttl), CancellationToken.None);
            if (result.Committed)
                return;
            entry = result.Entry;
        }
    }

    /// <summary>The addresses of the servers that are alive, in order.</summary>
    public async Task<IReadOnlyList<string>> LiveAsync(CancellationToken cancellation)
    {
        var live = new List<string>();
        var now = clock.GetTimestamp();
        foreach (var entry in (await store.ListAsync(StoreRange.Prefix(Prefix), default, cancellation)).Entries)
        {
            if (!store.ExpiresKeys && IsOver(entry, now))
            {
                await store.WriteAsync(new(entry.Key, entry.ModRevision, null), CancellationToken.None);
                continue;
            }

            live.Add(entry.Key[Prefix.Length..]);
        }

        return live;
    }

    /// <summary>Says that this server is gone.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        if (await store.GetAsync(Key, cancellation) is { } entry)
            await store.WriteAsync(new(Key, entry.ModRevision, null), CancellationToken.None);
    }

    private bool IsOver(StoreEntry entry, long now)
    {
        var seen = _seen.AddOrUpdate(entry.Key, (entry.ModRevision, now), (_, old) => old.Revision == entry.ModRevision ? old : (entry.ModRevision, now));
        if (clock.GetElapsedTime(seen.Since, now) < Ttl)
            return false;
        _seen.TryRemove(entry.Key, out _);
        return true;
    }
}
