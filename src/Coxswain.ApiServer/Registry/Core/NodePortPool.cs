using System.Security.Cryptography;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Datastore;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Which node ports are taken: one object in the store, upstream's, which all servers change by conditional writes. Safe for
/// concurrent use, also between servers.</summary>
/// <remarks>Where there is none, or one of another range, it is made of the services that there are.</remarks>
/// <param name="used">The ports that the stored services have.</param>
internal sealed class NodePortPool(PortRange range, IStore store, Func<CancellationToken, Task<IEnumerable<int>>> used) : IDisposable
{
    public const string Key = "/registry/ranges/servicenodeports";
    private static readonly GroupVersionKind Kind = new("", "v1", "RangeAllocation");

    /// <summary>A leak must be seen so often before it is mended: it may be a service that is being made.</summary>
    private const int LeakRounds = 3;

    // The first part of the range is left to those who choose ports by hand, as long as the rest suffices.
    private readonly int reserved = Math.Min(Math.Max((range.Last - range.First + 1) / 32, 16), 128);

    // Within this server one after the other, so that it does not race against itself.
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Dictionary<int, int> leaked = [];
    private State? known;

    public PortRange Range => range;

    public void Dispose() => turn.Dispose();

    public ValueTask<bool> TryTakeAsync(int port, CancellationToken cancellation) =>
        ChangeAsync(bitmap => bitmap.Take(port) ? (true, Changed: true) : (false, Changed: false), cancellation);

    public async ValueTask<bool> IsFreeAsync(int port, CancellationToken cancellation) => !(await ReadAsync(cancellation)).Ports[port];

    /// <summary>A free port; null when there is none.</summary>
    /// <param name="keep">Whether it is taken, or only named.</param>
    public async ValueTask<int?> TakeAnyAsync(bool keep, CancellationToken cancellation) => keep
        ? await ChangeAsync<int?>(bitmap => Any(bitmap) is { } port && bitmap.Take(port) ? (port, Changed: true) : (null, Changed: false), cancellation)
        : Any((await ReadAsync(cancellation)).Ports);

    public async ValueTask ReleaseAsync(IReadOnlyCollection<int> ports, CancellationToken cancellation)
    {
        if (ports.Count > 0)
            await ChangeAsync(bitmap => (true, Changed: ReleaseAll(bitmap)), cancellation);

        // Every one of them: no stopping at the first that was taken.
        bool ReleaseAll(PortBitmap bitmap) => ports.Aggregate(false, (any, port) => bitmap.Release(port) || any);
    }

    /// <summary>Takes what services have and nobody took, and releases what was taken and no service has for some rounds: a server may end
    /// between the two writes that make a service.</summary>
    public async Task RepairAsync(CancellationToken cancellation)
    {
        // First the services, then the ports: what is taken between is no leak yet.
        var services = (await used(cancellation)).Where(range.Contains).ToHashSet();
        var ports = (await ReadAsync(cancellation)).Ports;
        foreach (var port in ports.Taken().Where(p => !services.Contains(p)))
            leaked[port] = leaked.GetValueOrDefault(port) + 1;
        foreach (var port in leaked.Keys.Where(p => services.Contains(p) || !ports[p]).ToList())
            leaked.Remove(port);
        var over = leaked.Where(l => l.Value >= LeakRounds).Select(l => l.Key).ToList();
        var missing = services.Where(p => !ports[p]).ToList();
        if (over.Count + missing.Count == 0)
            return;
        await ChangeAsync(bitmap => (true, Changed: over.Count(bitmap.Release) + missing.Count(bitmap.Take) > 0), cancellation);
        over.ForEach(p => leaked.Remove(p));
    }

    private async ValueTask<T> ChangeAsync<T>(Func<PortBitmap, (T Result, bool Changed)> change, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            for (var state = known ?? await ReadAsync(cancellation); ; state = known ?? await ReadAsync(cancellation))
            {
                var ports = state.Ports.Copy();
                var (result, changed) = change(ports);
                if (!changed)
                {
                    // A refusal must not come of what was remembered: somebody may have released it.
                    if (state != known)
                        return result;
                    known = null;
                    continue;
                }

                known = null;
                var written = await store.WriteAsync(new(Key, state.Revision, Encode(ports)), CancellationToken.None);
                if (written.Committed)
                {
                    known = new(ports, written.Revision);
                    return result;
                }
            }
        }
        catch (StoreUnavailableException lost)
        {
            throw new ApiException(Unavailable.Status(lost));
        }
        catch (StoreFullException full)
        {
            throw new ApiException(Statuses.ServiceUnavailable(full.Message));
        }
        finally
        {
            turn.Release();
        }
    }

    private async ValueTask<State> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            var entry = await store.GetAsync(Key, cancellation);
            if (entry is not null && StoredDocument.Decode<RangeAllocation>(Kind, entry.Value) is { } stored && stored.Range == range.ToString())
                return new(PortBitmap.Read(range, stored.Data.Span), entry.ModRevision);
            var ports = new PortBitmap(range);
            foreach (var port in await used(cancellation))
                ports.Take(port);
            return new(ports, entry?.ModRevision ?? 0);
        }
        catch (StoreUnavailableException lost)
        {
            throw new ApiException(Unavailable.Status(lost));
        }
    }

    private byte[] Encode(PortBitmap ports) => StoredDocument.Encode(new RangeAllocation { Range = range.ToString(), Data = ByteString.Copy(ports.Data) });

    private int? Any(PortBitmap ports) => Any(ports, range.First + reserved) ?? Any(ports, range.First);

    private int? Any(PortBitmap ports, int first)
    {
        var count = range.Last - first + 1;
        if (count <= 0)
            return null;
        var start = RandomNumberGenerator.GetInt32(count);
        for (var i = 0; i < count; i++)
            if (first + ((start + i) % count) is var port && !ports[port])
                return port;
        return null;
    }

    private sealed record State(PortBitmap Ports, long Revision);
}
