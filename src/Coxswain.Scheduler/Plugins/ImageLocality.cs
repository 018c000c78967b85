namespace Coxswain.Scheduler.Plugins;

/// <summary>Prefers nodes that have the pod's images already, the more so the larger they are and the more nodes have them.</summary>
internal sealed class ImageLocality : IScorePlugin
{
    private const long Least = 23L << 20;
    private const long MostForOneContainer = 1000L << 20;

    public string Name => "ImageLocality";

    public bool PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes)
    {
        if (!cycle.Cluster.AnyImages)
            return false;
        var pod = cycle.Pod.Pod.Spec;
        var images = new List<(string Name, double Share)>();
        foreach (var container in pod.InitContainers)
            Add(container.Image);
        foreach (var container in pod.Containers)
            Add(container.Image);
        if (images.Count == 0)
            return false;
        cycle.KeepForScore(this, new Prepared(images, MostForOneContainer * (pod.Containers.Count + pod.InitContainers.Count)));
        return true;

        void Add(string image)
        {
            var name = Normal(image);
            if (cycle.Cluster.NodesWithImage(name) is > 0 and var have)
                images.Add((name, (double)have / cycle.Cluster.Nodes.Count));
        }
    }

    public long Score(CycleContext cycle, NodeInfo node)
    {
        if (!node.HasImages)
            return 0;
        var prepared = cycle.KeptForScore<Prepared>(this);
        var sum = 0L;
        foreach (var (image, share) in prepared.Images)
            sum += (long)(node.ImageSize(image) * share);
        return (Math.Clamp(sum, Least, prepared.Most) - Least) * IScorePlugin.MaxScore / (prepared.Most - Least);
    }

    private sealed record Prepared(List<(string Name, double Share)> Images, long Most);

    private static string Normal(string image) =>
        image.LastIndexOf(':') > image.LastIndexOf('/') ? image : image + ":latest";
}
