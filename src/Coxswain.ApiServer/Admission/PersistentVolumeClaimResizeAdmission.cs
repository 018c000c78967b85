using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>A claim grows only if it is bound and its storage class can grow volumes.</summary>
internal sealed class PersistentVolumeClaimResizeAdmission(IClusterView cluster) : IAdmissionPlugin
{
    public string Name => "PersistentVolumeClaimResize";

    public bool Handles(AdmissionContext context) => context.IsUpdate && context.Is("", "persistentvolumeclaims");

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not PersistentVolumeClaim updated || context.OldObject is not PersistentVolumeClaim old || Size(updated) <= Size(old))
            return default;
        if (old.Status.Phase != "Bound")
            throw context.Forbidden(o, "Only bound persistent volume claims can be expanded");
        var name = updated.Metadata.Annotations.GetValueOrDefault("volume.beta.kubernetes.io/storage-class") ?? updated.Spec.StorageClassName ?? "";
        if (name.Length == 0 || cluster.Find<StorageClass>(new NamespacedName("", name))?.AllowVolumeExpansion != true)
            throw context.Forbidden(o,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
        return default;
    }

    private static Quantity Size(PersistentVolumeClaim claim) => claim.Spec.Resources.Requests.GetValueOrDefault("storage");
}
