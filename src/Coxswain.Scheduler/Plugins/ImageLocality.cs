namespace Coxswain.Scheduler.Plugins;

/// <summary>Prefers nodes that have the pod's images already, the more so the larger they are and the more nodes have them.</summary>
internal sealed class ImageLocality : IScorePlugin
{
    private const long Least = 23L << 20;
    private const long MostForOneContainer = 1000L << 20;

    public string Name => "ImageLocality";

    public void PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes)
    {
        var images = cycle.Pod.Pod.Spec.Containers.Concat(cycle.Pod.Pod.Spec.InitContainers).Select(c => Normal(c.Image)).ToList();
        var have = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in cycle.Cluster.Nodes)
        {
            foreach (var image in images.Distinct().Where(i => SizeOn(node, i) > 0))
                have[image] = have.GetValueOrDefault(image) + 1;
        }

        cycle.Keep(this, new Prepared(images, have, Math.Max(1, cycle.Cluster.Nodes.Count)));
    }

    public long Score(CycleContext cycle, NodeInfo node)
    {
        var prepared = cycle.Kept<Prepared>(this)!;
        if (prepared.Have.Count == 0)
            return 0;
        var sum = 0L;
        foreach (var image in prepared.Images)
            sum += SizeOn(node, image) * prepared.Have.GetValueOrDefault(image) / prepared.Nodes;
        var most = MostForOneContainer * prepared.Images.Count;
        return (Math.Clamp(sum, Least, most) - Least) * IScorePlugin.MaxScore / (most - Least);
    }

    private sealed record Prepared(List<string> Images, Dictionary<string, int> Have, int Nodes);

    private static long SizeOn(NodeInfo node, string image)
    {
        foreach (var present in node.Node!.Status.Images)
        {
            if (present.Names.AsSpan().Contains(image))
                return present.SizeBytes;
        }

        return 0;
    }

    private static string Normal(string image) =>
        image.LastIndexOf(':') > image.LastIndexOf('/') || image.Contains('@', StringComparison.Ordinal) ? image : image + ":latest";
}
