using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.Simulation;

/// <summary>The nodes' signs of life: renews all leases once in a quarter of their duration, a slice at a time so that no wave of writes
/// hits the server.</summary>
internal sealed partial class SimulatedLeases(SimulationOptions options, IApiClient api, TimeProvider clock, ILogger logger)
{
    private const int Slices = 20;
    private const int Writers = 4;

    private readonly ConcurrentDictionary<int, Lease> _known = new();

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.LeaseDuration / 4 / Slices, clock);
        for (var slice = 0; ; slice = (slice + 1) % Slices)
        {
            var first = slice;
            await Parallel.ForEachAsync(
                Enumerable.Range(0, (options.Nodes - first + Slices - 1) / Slices).Select(i => first + (i * Slices)), new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellation }, RenewAsync).ConfigureAwait(false);
            await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask RenewAsync(int index, CancellationToken cancellation)
    {
        var name = new NamespacedName(SimulatedObjects.LeaseNamespace, SimulationOptions.NameOf(index));
        try
        {
            var known = _known.GetValueOrDefault(index) ?? await api.FindAsync<Lease>(name, cancellation).ConfigureAwait(false);
            if (known is not null)
                _known[index] = await api.UpdateAsync(known with { Spec = known.Spec with { HolderIdentity = name.Name, RenewTime = clock.GetUtcNow() } }, cancellation).ConfigureAwait(false);
            else if (await api.FindAsync<Node>(new("", name.Name), cancellation).ConfigureAwait(false) is { } node)
                _known[index] = await api.CreateAsync(SimulatedObjects.Lease(options, node, clock.GetUtcNow()), cancellation).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Somebody removed or changed it: it is read again when its turn comes, long before it would expire.
            _known.TryRemove(index, out _);
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
        {
            _known.TryRemove(index, out _);
            LogFailed(name.Name, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "simulated node {Node}: its lease was not renewed: {Why}")]
    private partial void LogFailed(string node, string why);
}
