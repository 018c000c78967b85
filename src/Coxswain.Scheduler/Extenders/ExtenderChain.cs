using Coxswain.Scheduler.Configuration;
using Coxswain.Scheduler.Preemption;

namespace Coxswain.Scheduler.Extenders;

/// <summary>All extenders of a configuration. Those that may be ignored are, when they fail.</summary>
public sealed class ExtenderChain(IReadOnlyList<ExtenderConfiguration> configurations) : IDisposable
{
    private readonly Extender[] _extenders = [.. configurations.Select(c => new Extender(c))];

    public bool AnyFor(PodInfo pod)
    {
        foreach (var extender in _extenders)
        {
            if ((extender.Filters || extender.Prioritizes) && extender.IsInterested(pod))
                return true;
        }

        return false;
    }

    public Extender? BinderFor(PodInfo pod) => Array.Find(_extenders, e => e.Binds && e.IsInterested(pod));

    /// <exception cref="ExtenderException">One that may not be ignored failed.</exception>
    public async Task<List<NodeInfo>> FilterAsync(PodInfo pod, List<NodeInfo> nodes, Diagnosis diagnosis, CancellationToken cancellation)
    {
        foreach (var extender in _extenders)
        {
            if (nodes.Count == 0)
                break;
            if (!extender.Filters || !extender.IsInterested(pod))
                continue;
            try
            {
                nodes = await extender.FilterAsync(pod, nodes, diagnosis, cancellation).ConfigureAwait(false);
            }
            catch (ExtenderException) when (extender.Ignorable)
            {
                // As its configuration says: without it, then.
            }
        }

        return nodes;
    }

    /// <summary>Points for each node. An extender that fails gives none: it only has wishes here.</summary>
    public async Task<long[]> PrioritizeAsync(PodInfo pod, List<NodeInfo> nodes, CancellationToken cancellation)
    {
        var points = new long[nodes.Count];
        foreach (var extender in _extenders)
        {
            if (!extender.Prioritizes || !extender.IsInterested(pod) || nodes.Count == 0)
                continue;
            try
            {
                await extender.PrioritizeAsync(pod, nodes, points, cancellation).ConfigureAwait(false);
            }
            catch (ExtenderException)
            {
                // Upstream places the pod without these points, too.
            }
        }

        return points;
    }

    public async Task<IReadOnlyList<PreemptionCandidate>> PreemptAsync(PodInfo pod, IReadOnlyList<PreemptionCandidate> candidates, CancellationToken cancellation)
    {
        foreach (var extender in _extenders)
        {
            if (!extender.Preempts || !extender.IsInterested(pod) || candidates.Count == 0)
                continue;
            try
            {
                candidates = await extender.PreemptAsync(pod, candidates, cancellation).ConfigureAwait(false);
            }
            catch (ExtenderException) when (extender.Ignorable)
            {
                // As its configuration says: without it, then.
            }
        }

        return candidates;
    }

    public void Dispose()
    {
        foreach (var extender in _extenders)
            extender.Dispose();
    }
}
