using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Node.Volumes;

/// <summary>Tokens of service accounts for pods, asked for once and again before they expire.</summary>
/// <remarks>A token is replaced when a fifth of its life is left, or after a day, with some spread. Safe for concurrent use.</remarks>
internal sealed class ServiceAccountTokenSource(IApiClient api, TimeProvider clock)
{
    private sealed record Entry(string Token, DateTimeOffset Expires, DateTimeOffset RefreshAfter);

    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public async Task<string> GetAsync(Pod pod, string audience, long expirationSeconds, CancellationToken cancellation)
    {
        var account = pod.Spec.ServiceAccountName.Length == 0 ? "default" : pod.Spec.ServiceAccountName;
        var key = $"{pod.Metadata.Uid}/{account}/{audience}/{expirationSeconds}";
        var now = clock.GetUtcNow();
        if (_entries.TryGetValue(key, out var known) && now < known.RefreshAfter)
            return known.Token;

        try
        {
            var request = new TokenRequest
            {
                Spec = new()
                {
                    Audiences = audience.Length == 0 ? default : [audience],
                    ExpirationSeconds = expirationSeconds,
                    BoundObjectRef = new() { Kind = "Pod", ApiVersion = "v1", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
                },
            };
            var answer = await api.CreateSubresourceAsync<ServiceAccount, TokenRequest, TokenRequest>(
                new(pod.Metadata.Namespace, account), "token", request, cancellation);
            var expires = answer.Status.ExpirationTimestamp ?? now.AddSeconds(expirationSeconds);
            _entries[key] = new(answer.Status.Token, expires, RefreshTime(now, expires));
            return answer.Status.Token;
        }
        catch (Exception failed) when (failed is ApiException or HttpRequestException or IOException)
        {
            // The old token is good until it expires; the next pass tries again.
            if (known is not null && now < known.Expires)
                return known.Token;
            throw new VolumeException($"failed to fetch token: {failed.Message}");
        }
    }

    public void Forget(string podUid)
    {
        foreach (var key in _entries.Keys)
        {
            if (key.StartsWith(podUid + "/", StringComparison.Ordinal))
                _entries.TryRemove(key, out _);
        }
    }

    private static DateTimeOffset RefreshTime(DateTimeOffset now, DateTimeOffset expires)
    {
        var jitter = TimeSpan.FromSeconds(Random.Shared.Next(10));
        var byLife = expires - (expires - now) / 5;
        var byAge = now + MaxAge;
        return (byLife < byAge ? byLife : byAge) - jitter;
    }
}
