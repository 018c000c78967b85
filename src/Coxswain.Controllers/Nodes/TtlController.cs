using System.Globalization;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Tells nodes, by annotation, for how long they may keep what they have read of secrets and config maps: the longer, the more nodes
/// there are.</summary>
internal sealed class TtlController(IApiClient api, Lister<Node> nodes) : IReconciler
{
    private const string Annotation = "node.alpha.kubernetes.io/ttl";

    // Bounds overlap, so that a cluster at a bound does not swing.
    private static readonly (int From, int To, int Seconds)[] Steps =
        [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 10000, 300), (9000, int.MaxValue, 600)];

    private readonly Lock _gate = new();
    private int _step;

    public static IReconciler Make(ControllerContext c) => new TtlController(c.Api, c.Lister<Node>());

    /// <summary>One that comes or goes may change the answer for all; heartbeats change nothing.</summary>
    public static Wake WhenNodesComeAndGo { get; } = new(c => c.Informer<Node>().AddHandler(new()
    {
        Added = node => c.Queue.Add(node.FullName()),
        Updated = (before, now) =>
        {
            if (before.Metadata.Annotations.GetValueOrDefault(Annotation) != now.Metadata.Annotations.GetValueOrDefault(Annotation))
                c.Queue.Add(now.FullName());
        },
        Deleted = node => c.Queue.Add(node.FullName()),
    }));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (nodes.Find(name) is not { } node)
            return ReconcileResult.Done;
        var wanted = Seconds().ToString(CultureInfo.InvariantCulture);
        if (node.Metadata.Annotations.GetValueOrDefault(Annotation) == wanted)
            // A node that came long ago learns of the growth in time.
            return ReconcileResult.After(TimeSpan.FromMinutes(5));
        try
        {
            await api.PatchAsync<Node>(name, Patch.Merge(new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = wanted } },
            }.ToJsonString()), cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            return ReconcileResult.Done;
        }
        return ReconcileResult.After(TimeSpan.FromMinutes(5));
    }

    private int Seconds()
    {
        lock (_gate)
        {
            var count = nodes.Count;
            while (count > Steps[_step].To)
                _step++;
            while (count < Steps[_step].From)
                _step--;
            return Steps[_step].Seconds;
        }
    }
}
