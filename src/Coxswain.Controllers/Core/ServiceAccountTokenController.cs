using System.Text;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Fills secrets of the service-account-token type with a token of the account that they name, and deletes them with the account.</summary>
/// <remarks>The API server makes the tokens, bound to their secret: they end with it or with the account. They are made for the longest time that
/// can be asked for.</remarks>
internal sealed class ServiceAccountTokenController(IApiClient api, Lister<Secret> secrets, Lister<ServiceAccount> accounts, string rootCa) : IReconciler
{
    private const string Type = "kubernetes.io/service-account-token";
    private const string AccountName = "kubernetes.io/service-account.name";
    private const string AccountUid = "kubernetes.io/service-account.uid";

    public static IReconciler Make(ControllerContext c) => new ServiceAccountTokenController(c.Api, Informer(c).Lister, c.Lister<ServiceAccount>(), c.Options.RootCaPem);

    public static Wake WhenSecretsChange { get; } = new(c => Informer(c).AddHandler(InformerHandler<Secret>.ForAny(s => c.Queue.Add(s.FullName()))));

    /// <summary>An account that comes or goes decides over the secrets that name it.</summary>
    public static IEnumerable<NamespacedName> SecretsOf(ControllerContext c, ServiceAccount account) => Informer(c).Lister.List(account.Metadata.Namespace)
        .Where(s => s.Metadata.Annotations.GetValueOrDefault(AccountName) == account.Metadata.Name).Select(s => s.FullName());

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (secrets.Find(name) is not { Type: Type, Metadata.DeletionTimestamp: null } secret
            || secret.Metadata.Annotations.GetValueOrDefault(AccountName) is not { Length: > 0 } accountName)
            return ReconcileResult.Done;
        var wantedUid = secret.Metadata.Annotations.GetValueOrDefault(AccountUid) ?? "";
        var accountFullName = new NamespacedName(name.Namespace, accountName);
        var account = accounts.Find(accountFullName);
        if (account is null || wantedUid.Length > 0 && wantedUid != account.Metadata.Uid)
            // A secret may only be deleted on the server's word.
            account = await api.FindAsync<ServiceAccount>(accountFullName, cancellation).ConfigureAwait(false);
        if (account is null || wantedUid.Length > 0 && wantedUid != account.Metadata.Uid)
        {
            await DeleteAsync(secret, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        await FillAsync(secret, account, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task FillAsync(Secret secret, ServiceAccount account, CancellationToken cancellation)
    {
        var data = secret.Data.With("namespace", ByteString.Copy(Encoding.UTF8.GetBytes(secret.Metadata.Namespace)));
        if (rootCa.Length > 0)
            data = data.With("ca.crt", ByteString.Copy(Encoding.UTF8.GetBytes(rootCa)));
        if (!data.TryGetValue("token", out var there) || there.Length == 0)
        {
            var answer = await api.CreateSubresourceAsync<ServiceAccount, TokenRequest, TokenRequest>(account.FullName(), "token", new()
            {
                Spec = new()
                {
                    ExpirationSeconds = uint.MaxValue,
                    BoundObjectRef = new() { ApiVersion = "v1", Kind = "Secret", Name = secret.Metadata.Name, Uid = secret.Metadata.Uid },
                },
            }, cancellation).ConfigureAwait(false);
            data = data.With("token", ByteString.Copy(Encoding.UTF8.GetBytes(answer.Status.Token)));
        }
        var wanted = secret with
        {
            Metadata = secret.Metadata with { Annotations = secret.Metadata.Annotations.With(AccountUid, account.Metadata.Uid) },
            Data = data,
        };
        if (wanted.Data != secret.Data || wanted.Metadata.Annotations != secret.Metadata.Annotations)
            await api.UpdateAsync(wanted, cancellation).ConfigureAwait(false);
    }

    private async Task DeleteAsync(Secret secret, CancellationToken cancellation)
    {
        try
        {
            await api.DeleteAsync<Secret>(secret.FullName(), new() { Preconditions = new() { Uid = secret.Metadata.Uid } }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
    }

    private static Informer<Secret> Informer(ControllerContext c) => c.Informers.Informer<Secret>(fieldSelector: "type=" + Type);
}
