namespace Coxswain.Node.Probes;

internal enum ProbeResult
{
    /// <summary>No probe has spoken yet.</summary>
    Unknown,
    Success,
    Failure,
}

/// <summary>The latest word of each probe on each container instance. Safe for concurrent use.</summary>
internal interface IProbeResults
{
    ProbeResult Liveness(string containerId);

    ProbeResult Readiness(string containerId);

    ProbeResult Startup(string containerId);
}
