using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Sees to it that every namespace has a service account named <c>default</c>. Names are those of namespaces.</summary>
internal sealed class ServiceAccountController(IApiClient api, Lister<Namespace> namespaces, Lister<ServiceAccount> accounts) : IReconciler
{
    private const string Default = "default";

    public static IReconciler Make(ControllerContext c) => new ServiceAccountController(c.Api, c.Lister<Namespace>(), c.Lister<ServiceAccount>());

    /// <summary>A change of the default account wakes its namespace.</summary>
    public static IEnumerable<NamespacedName> NamespaceOf(ControllerContext c, ServiceAccount account) =>
        account.Metadata.Name == Default ? [new("", account.Metadata.Namespace)] : [];

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (namespaces.Find(name) is not { Metadata.DeletionTimestamp: null } || accounts.Find(new(name.Name, Default)) is not null)
            return ReconcileResult.Done;
        try
        {
            await api.CreateAsync(new ServiceAccount { Metadata = new() { Namespace = name.Name, Name = Default } }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused) when (refused.Reason == StatusReason.AlreadyExists || PodControl.IsNamespaceTerminating(refused))
        {
            // It is there, or need not be.
        }
        return ReconcileResult.Done;
    }
}
