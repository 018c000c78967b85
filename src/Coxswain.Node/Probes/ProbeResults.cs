using System.Collections.Concurrent;

namespace Coxswain.Node.Probes;

/// <summary>Where probes put what they found, and everyone else reads it.</summary>
internal sealed class ProbeResults : IProbeResults
{
    private readonly ConcurrentDictionary<(ProbeType Type, string ContainerId), ProbeResult> _results = new();

    public ProbeResult Liveness(string containerId) => _results.GetValueOrDefault((ProbeType.Liveness, containerId));

    public ProbeResult Readiness(string containerId) => _results.GetValueOrDefault((ProbeType.Readiness, containerId));

    public ProbeResult Startup(string containerId) => _results.GetValueOrDefault((ProbeType.Startup, containerId));

    /// <summary>Returns whether this is news.</summary>
    public bool Set(ProbeType type, string containerId, ProbeResult result)
    {
        var before = _results.GetValueOrDefault((type, containerId));
        _results[(type, containerId)] = result;
        return before != result;
    }

    public void Remove(ProbeType type, string containerId) => _results.TryRemove((type, containerId), out _);
}

internal enum ProbeType
{
    Liveness,
    Readiness,
    Startup,
}
