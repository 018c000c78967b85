namespace Coxswain.ApiServer.Health;

/// <summary>One thing that must hold for the server to be alive or ready.</summary>
/// <param name="Check">Null: it holds. Otherwise what is wrong.</param>
/// <param name="IsVital">Whether /livez fails with it: what is out of reach for a while is no reason to end the process.</param>
internal sealed record HealthCheck(string Name, Func<CancellationToken, ValueTask<string?>> Check, bool IsVital = true);

/// <summary>The checks behind /healthz, /livez and /readyz. Checks may be added until the server is ready.</summary>
internal sealed class HealthChecks
{
    private readonly Lock _gate = new();
    private HealthCheck[] _live = [new("ping", static _ => new((string?)null)), new("log", static _ => new((string?)null))];
    private HealthCheck[] _ready = [];

    /// <summary>A check of all three pages.</summary>
    public void AddLive(HealthCheck check)
    {
        lock (_gate)
            _live = [.. _live, check];
    }

    /// <summary>A check of /readyz only.</summary>
    public void AddReady(HealthCheck check)
    {
        lock (_gate)
            _ready = [.. _ready, check];
    }

    public IReadOnlyList<HealthCheck> For(string page) => page == "readyz" ? [.. _live, .. _ready] : _live;
}
