namespace Coxswain.Scheduler.Plugins;

/// <summary>Lets only nodes through that have room for the pod's requests, and prefers those with more room (LeastAllocated).</summary>
internal sealed class NodeResourcesFit : IFilterPlugin, IScorePlugin
{
    public string Name => "NodeResourcesFit";

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        var wanted = cycle.Pod.Requests;
        List<string>? reasons = null;
        var never = false;
        if (node.Pods.Count + 1 > node.AllowedPods)
            (reasons ??= []).Add("Too many pods");
        Check("cpu", wanted.MilliCpu, node.Allocatable.MilliCpu, node.Requested.MilliCpu);
        Check("memory", wanted.Memory, node.Allocatable.Memory, node.Requested.Memory);
        Check("ephemeral-storage", wanted.EphemeralStorage, node.Allocatable.EphemeralStorage, node.Requested.EphemeralStorage);
        foreach (var (name, amount) in wanted.Extended)
            Check(name, amount, node.Allocatable.Extended.GetValueOrDefault(name), node.Requested.Extended.GetValueOrDefault(name));
        return reasons is null ? null : new(reasons, Resolvable: !never);

        void Check(string resource, long amount, long allocatable, long requested)
        {
            if (amount <= 0 || amount <= allocatable - requested)
                return;
            (reasons ??= []).Add($"Insufficient {resource}");
            // More than the node has in all: no pod that leaves could help.
            never |= amount > allocatable;
        }
    }

    public long Score(CycleContext cycle, NodeInfo node)
    {
        var (score, weights) = (0L, 0L);
        Add(node.Allocatable.MilliCpu, node.ScoringRequested.MilliCpu + cycle.Pod.ScoringRequests.MilliCpu);
        Add(node.Allocatable.Memory, node.ScoringRequested.Memory + cycle.Pod.ScoringRequests.Memory);
        return weights == 0 ? 0 : score / weights;

        void Add(long allocatable, long requested)
        {
            if (allocatable == 0)
                return;
            weights++;
            score += requested > allocatable ? 0 : (allocatable - requested) * IScorePlugin.MaxScore / allocatable;
        }
    }
}
