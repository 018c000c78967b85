using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>A claim that names no storage class gets the default one.</summary>
internal sealed class DefaultStorageClassAdmission(IClusterView cluster) : IAdmissionPlugin
{
    public string Name => "DefaultStorageClass";

    public bool Handles(AdmissionContext context) => context.IsCreate && context.Is("", "persistentvolumeclaims");

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not PersistentVolumeClaim { Spec.StorageClassName: null } claim
            || claim.Metadata.Annotations.ContainsKey("volume.beta.kubernetes.io/storage-class")
            || DefaultClasses.Find(cluster.List<StorageClass>(""), "storageclass.kubernetes.io/is-default-class",
                "storageclass.beta.kubernetes.io/is-default-class") is not { } chosen)
            return new(o);
        return new(claim with { Spec = claim.Spec with { StorageClassName = chosen.Metadata.Name } });
    }
}
