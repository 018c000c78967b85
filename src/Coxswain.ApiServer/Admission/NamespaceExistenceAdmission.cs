using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;

namespace Coxswain.ApiServer.Admission;

/// <summary>Makes the namespace in which something is to be created, if it is not there.</summary>
internal sealed class NamespaceAutoProvisionAdmission(IClusterView cluster, IApiClient api) : IAdmissionPlugin
{
    public string Name => "NamespaceAutoProvision";

    public bool Handles(AdmissionContext context) =>
        context.IsCreate && context.Namespace.Length > 0 && !context.IsOf("", "namespaces") && !context.IsOf("authorization.k8s.io", "localsubjectaccessreviews");

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        // A dry run must not leave a namespace behind.
        if (context.DryRun || cluster.Find<Namespace>(new("", context.Namespace)) is not null)
            return o;
        try
        {
            await api.CreateAsync(new Namespace { Metadata = new() { Name = context.Namespace } }, cancellation);
        }
        catch (ApiException e) when (e.Reason == StatusReason.AlreadyExists)
        {
            // Somebody else was faster, or the cache is behind.
        }

        return o;
    }
}

/// <summary>Refuses requests within a namespace that is not there.</summary>
internal sealed class NamespaceExistsAdmission(IClusterView cluster) : IAdmissionPlugin
{
    public string Name => "NamespaceExists";

    public bool Handles(AdmissionContext context) =>
        context.Operation != AdmissionOperation.Connect && context.Namespace.Length > 0 && !context.IsOf("", "namespaces");

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        var name = new NamespacedName("", context.Namespace);
        if (cluster.Find<Namespace>(name) is null && await cluster.GetAsync<Namespace>(name, cancellation) is null)
            throw new ApiException(Statuses.NotFound(new("", "namespaces"), context.Namespace));
    }
}
