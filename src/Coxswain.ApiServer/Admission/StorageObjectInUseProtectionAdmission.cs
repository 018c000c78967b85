using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>Volumes and claims are deleted only when nobody uses them.</summary>
internal sealed class StorageObjectInUseProtectionAdmission : IAdmissionPlugin
{
    public string Name => "StorageObjectInUseProtection";

    public bool Handles(AdmissionContext context) => context.IsCreate
        && (context.Is("", "persistentvolumes") || context.Is("", "persistentvolumeclaims") || context.Is("storage.k8s.io", "volumeattributesclasses"));

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        var finalizer = o switch
        {
            PersistentVolume => "kubernetes.io/pv-protection",
            PersistentVolumeClaim => "kubernetes.io/pvc-protection",
            Api.Storage.V1.VolumeAttributesClass => "kubernetes.io/vac-protection",
            _ => null,
        };
        if (finalizer is null || o is not IMetadataObject named || named.Metadata.Finalizers.AsSpan().Contains(finalizer))
            return new(o);
        return new(named.WithMetadata(named.Metadata with { Finalizers = named.Metadata.Finalizers.Add(finalizer) }));
    }
}
