using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Microsoft.Extensions.Logging;

namespace Coxswain.Simulation;

/// <summary>Nodes that exist only in the API: they are Ready, renew their leases, start the pods that are bound to them and end those that are
/// deleted, without running anything.</summary>
/// <remarks>Level-triggered, with one informer (of pods that have a node) and a bounded number of writers, however many nodes there are. A
/// simulated node that somebody deletes stays deleted until the next start.</remarks>
public sealed class SimulatedNodes(SimulationOptions options, IApiClient api, TimeProvider clock, ILoggerFactory loggers)
{
    private const int Writers = 8;

    /// <summary>Makes the nodes that are missing, removes those that are too many, and runs all until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await EnsureNodesAsync(cancellation).ConfigureAwait(false);
        var logger = loggers.CreateLogger("Coxswain.Simulation");
        await using var informers = new InformerFactory(api, clock, loggers);
        using var queue = new WorkQueue("simulated-pods", clock);
        var pods = new SimulatedPods(options, api, informers.Informer<Pod>(fieldSelector: "spec.nodeName!="), queue, clock);
        var runner = new ControllerRunner("simulated-pods", pods, queue, clock, logger, Writers);
        informers.Start();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new[] { runner.RunAsync(stop.Token), new SimulatedLeases(options, api, clock, logger).RunAsync(stop.Token) };
        try
        {
            await (await Task.WhenAny(running).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task EnsureNodesAsync(CancellationToken cancellation)
    {
        var present = (await api.ListAsync<Node>(new() { LabelSelector = SimulatedObjects.Label + "=true" }, cancellation).ConfigureAwait(false))
            .Items.ToDictionary(n => n.Metadata.Name, StringComparer.Ordinal);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, options.Nodes), parallel, async (i, token) =>
        {
            var wanted = SimulatedObjects.Node(options, i, clock.GetUtcNow());
            if (!present.TryGetValue(wanted.Metadata.Name, out var node))
                await IgnoreAsync(409, api.CreateAsync(wanted, token)).ConfigureAwait(false);
            else
                await IgnoreAsync(409, api.UpdateStatusAsync(node with { Status = wanted.Status }, token)).ConfigureAwait(false);
        }).ConfigureAwait(false);
        var names = Enumerable.Range(0, options.Nodes).Select(SimulationOptions.NameOf).ToHashSet(StringComparer.Ordinal);
        await Parallel.ForEachAsync(present.Keys.Where(n => !names.Contains(n)), parallel, async (name, token) =>
            await IgnoreAsync(404, api.DeleteAsync<Node>(new("", name), null, token)).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>409: another writer made or changed it meanwhile. 404: it is gone already. Either is what was wanted, or comes right with the leases.</summary>
    private static async Task IgnoreAsync(int code, Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == code)
        {
            // See above.
        }
    }
}
