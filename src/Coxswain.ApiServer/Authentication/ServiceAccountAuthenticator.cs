using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Security;

namespace Coxswain.ApiServer.Authentication;

/// <summary>Says whether objects that tokens are bound to still exist: the uid of the object, or null.</summary>
internal interface IBoundObjects
{
    ValueTask<BoundObject?> FindAsync(string resource, string @namespace, string name, CancellationToken cancellation);
}

/// <param name="DeletedAt">When its deletion was asked for.</param>
internal readonly record struct BoundObject(string Uid, DateTimeOffset? DeletedAt);

/// <summary>Users by service-account token. A token is good only while its service account, and the pod, secret or node that it
/// is bound to, exist.</summary>
/// <param name="objects">Null: tokens are good until they expire (--service-account-lookup=false).</param>
internal sealed class ServiceAccountAuthenticator(ServiceAccountTokens tokens, IBoundObjects? objects, TimeProvider clock)
{
    private const int MaxRemembered = 4096;

    /// <summary>Deleted pods may finish their work: their tokens live on for this long.</summary>
    private static readonly TimeSpan DeletionLeeway = TimeSpan.FromSeconds(60);

    // Checking a signature costs more than serving most requests, so claims that were checked once are remembered until they expire.
    private readonly ConcurrentDictionary<string, ServiceAccountClaims> _checked = new(StringComparer.Ordinal);

    public async ValueTask<(UserInfo? User, IReadOnlyList<string> Audiences)> AuthenticateAsync(
        string token, IReadOnlyCollection<string> audiences, CancellationToken cancellation)
    {
        if (Check(token, audiences) is not { } claims)
            return (null, []);
        if (objects is not null && !await HoldsAsync(claims, objects, cancellation))
            return (null, []);

        var extra = new Dictionary<string, ApiList<string>>(StringComparer.Ordinal);
        extra["authentication.kubernetes.io/credential-id"] = ["JTI=" + claims.Id];
        if (claims.Node is { } node)
        {
            extra["authentication.kubernetes.io/node-name"] = [node.Name];
            if (node.Uid.Length > 0)
                extra["authentication.kubernetes.io/node-uid"] = [node.Uid];
        }

        if (claims.Pod is { } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod.Name];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.Uid];
        }

        var account = Users.ServiceAccount(claims.Namespace, claims.ServiceAccount.Name, claims.ServiceAccount.Uid);
        return (account with { Extra = extra.ToApiMap() }, [.. claims.Audiences.Where(audiences.Contains)]);
    }

    private ServiceAccountClaims? Check(string token, IReadOnlyCollection<string> audiences)
    {
        if (_checked.TryGetValue(token, out var known))
        {
            if (clock.GetUtcNow() < known.Expires)
                return known.Audiences.Any(audiences.Contains) ? known : null;
            _checked.TryRemove(token, out _);
            return null;
        }

        if (tokens.Verify(token, audiences, out _) is not { } claims)
            return null;
        if (_checked.Count >= MaxRemembered)
            _checked.Clear();
        _checked[token] = claims;
        return claims;
    }

    private async ValueTask<bool> HoldsAsync(ServiceAccountClaims claims, IBoundObjects objects, CancellationToken cancellation)
    {
        if (!await IsThereAsync(objects, "serviceaccounts", claims.Namespace, claims.ServiceAccount, cancellation))
            return false;
        if (claims.Pod is { } pod && !await IsThereAsync(objects, "pods", claims.Namespace, pod, cancellation))
            return false;
        if (claims.Secret is { } secret && !await IsThereAsync(objects, "secrets", claims.Namespace, secret, cancellation))
            return false;
        // A node claim beside a pod only informs; alone it binds.
        return claims.Node is not { } node || claims.Pod is not null || await IsThereAsync(objects, "nodes", "", node, cancellation);
    }

    private async ValueTask<bool> IsThereAsync(IBoundObjects objects, string resource, string @namespace, ObjectClaim claim, CancellationToken cancellation) =>
        await objects.FindAsync(resource, @namespace, claim.Name, cancellation) is { } found
        && found.Uid == claim.Uid
        && (found.DeletedAt is not { } deleted || clock.GetUtcNow() < deleted + DeletionLeeway);
}
