using Coxswain.Api;
using Coxswain.ApiServer.Cache;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Waits until a cache is as new as a client asks.</summary>
internal static class Freshness
{
    /// <summary>A version that does not exist yet may be about to: clients learn of versions from other servers.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <exception cref="ApiException">504: the version is not reached in time.</exception>
    public static async ValueTask WaitAsync(WatchCache cache, long revision, CancellationToken cancellation)
    {
        if (cache.Revision >= revision)
            return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await cache.WaitForRevisionAsync(revision, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ApiException(Statuses.ResourceVersionTooLarge(ResourceVersionText.Of(revision), ResourceVersionText.Of(cache.Revision)));
        }
    }

    /// <summary>Makes the read that follows consistent; if the store does not answer, says so to the client, and the read is of what is here.</summary>
    public static async ValueTask CatchUpAsync(WatchCache cache, ApiRequest request, CancellationToken cancellation)
    {
        if (await cache.TryCatchUpAsync(cancellation) is { } warning)
            request.Warnings.Add(warning);
    }
}
