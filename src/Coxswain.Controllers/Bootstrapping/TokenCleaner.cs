using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Deletes bootstrap tokens when their time is over.</summary>
internal sealed class TokenCleaner(IApiClient api, Lister<Secret> secrets, TimeProvider clock) : IReconciler
{
    public static IReconciler Make(ControllerContext c) => new TokenCleaner(c.Api, Informer(c).Lister, c.Clock);

    public static Wake WhenTokensChange { get; } = new(c => Informer(c).AddHandler(InformerHandler<Secret>.ForAny(s => c.Queue.Add(s.FullName()))));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (secrets.Find(name) is not { Metadata.DeletionTimestamp: null } secret || BootstrapToken.ExpiryOf(secret) is not { } expires)
            return ReconcileResult.Done;
        var left = expires - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
            return ReconcileResult.After(left < TimeSpan.FromDays(1) ? left : TimeSpan.FromDays(1));
        try
        {
            await api.DeleteAsync<Secret>(name, new() { Preconditions = new() { Uid = secret.Metadata.Uid, ResourceVersion = secret.Metadata.ResourceVersion } }, cancellation)
                .ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
        return ReconcileResult.Done;
    }

    /// <summary>Of the cluster's secrets these are all that anybody here sees.</summary>
    internal static Informer<Secret> Informer(ControllerContext c) =>
        c.Informers.Informer<Secret>(ns: BootstrapToken.Namespace, fieldSelector: "type=" + BootstrapToken.SecretType);
}
