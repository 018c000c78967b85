using System.Diagnostics;

namespace Coxswain.Testing;

/// <summary>Waits for something to become true, however fast or slow the machine; fails with what it last saw.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Waits for a condition. <paramref name="otherwise"/> says what is seen instead, for the failure's message.</summary>
    public static async Task TrueAsync(Func<bool> condition, Func<string>? otherwise = null, CancellationToken cancellation = default)
    {
        var since = Stopwatch.GetTimestamp();
        for (var pause = 1; !condition(); pause = Math.Min(pause * 2, 50))
        {
            if (Stopwatch.GetElapsedTime(since) > Limit)
                throw new TimeoutException($"Not true within {Limit.TotalSeconds} s. " + otherwise?.Invoke());
            await Task.Delay(pause, cancellation);
        }
    }

    /// <summary>Waits for a condition that has to be asked for.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string>? otherwise = null, CancellationToken cancellation = default)
    {
        var since = Stopwatch.GetTimestamp();
        for (var pause = 1; !await condition(); pause = Math.Min(pause * 2, 50))
        {
            if (Stopwatch.GetElapsedTime(since) > Limit)
                throw new TimeoutException($"Not true within {Limit.TotalSeconds} s. " + otherwise?.Invoke());
            await Task.Delay(pause, cancellation);
        }
    }

    /// <summary>Waits for an assertion to hold; the last failure is thrown when it never does.</summary>
    public static async Task HoldsAsync(Action assertion, CancellationToken cancellation = default)
    {
        var since = Stopwatch.GetTimestamp();
        for (var pause = 1; ; pause = Math.Min(pause * 2, 50))
        {
            try
            {
                assertion();
                return;
            }
            catch (Exception) when (Stopwatch.GetElapsedTime(since) < Limit)
            {
                await Task.Delay(pause, cancellation);
            }
        }
    }
}
