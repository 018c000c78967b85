namespace Coxswain.Client;

/// <summary>Growing pauses between attempts, with jitter, which start anew after a good while without trouble.</summary>
internal sealed class BackOff(TimeProvider clock)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ResetAfter = TimeSpan.FromMinutes(2);

    private TimeSpan _next = TimeSpan.Zero;
    private long _lastSuccess;
    private bool _running;

    public void Succeeded()
    {
        _lastSuccess = clock.GetTimestamp();
        _running = true;
    }

    /// <summary>At once after a long success, else longer each time.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        if (_running && clock.GetElapsedTime(_lastSuccess) >= ResetAfter)
            _next = TimeSpan.Zero;
        _running = false;
        var wait = _next;
        _next = _next == TimeSpan.Zero ? First : _next * 2 < Longest ? _next * 2 : Longest;
        return wait == TimeSpan.Zero
            ? Task.CompletedTask
            : Task.Delay(wait * (0.5 + Random.Shared.NextDouble()), clock, cancellation);
    }
}
