namespace Coxswain.Node.Host;

/// <summary>Waiting for what gives no sign when it happens: a foreign process, a socket, a mount.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks until the answer is yes; false when the limit passes first.</summary>
    public static async Task<bool> ForAsync(
        Func<CancellationToken, Task<bool>> condition, TimeSpan limit, TimeProvider clock, CancellationToken cancellation)
    {
        var start = clock.GetTimestamp();
        while (!await condition(cancellation))
        {
            if (clock.GetElapsedTime(start) > limit)
                return false;
            await Task.Delay(Step, clock, cancellation);
        }
        return true;
    }

    public static Task<bool> ForAsync(Func<bool> condition, TimeSpan limit, TimeProvider clock, CancellationToken cancellation) =>
        ForAsync(_ => Task.FromResult(condition()), limit, clock, cancellation);
}
