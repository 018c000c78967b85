using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Sorts of volumes that work no longer, or not for long.</summary>
internal static class VolumeWarnings
{
    public static void Add(Volume volume, FieldPath path, ICollection<string> warnings)
    {
        Gone(volume.PhotonPersistentDisk is not null, path.Child("photonPersistentDisk"), "deprecated in v1.11, non-functional in v1.16+", warnings);
        Gone(volume.GitRepo is not null, path.Child("gitRepo"), "deprecated in v1.11, and disabled by default in v1.33+", warnings);
        Gone(volume.ScaleIO is not null, path.Child("scaleIO"), "deprecated in v1.16, non-functional in v1.22+", warnings);
        Gone(volume.Flocker is not null, path.Child("flocker"), "deprecated in v1.22, non-functional in v1.25+", warnings);
        Gone(volume.Storageos is not null, path.Child("storageOS"), "deprecated in v1.22, non-functional in v1.25+", warnings);
        Gone(volume.Quobyte is not null, path.Child("quobyte"), "deprecated in v1.22, non-functional in v1.25+", warnings);
        Gone(volume.Glusterfs is not null, path.Child("glusterfs"), "deprecated in v1.25, non-functional in v1.26+", warnings);
        if (volume.Ephemeral?.VolumeClaimTemplate is { } template)
            Claim(template.Spec, path.Child("ephemeral").Child("volumeClaimTemplate").Child("spec"), warnings);
        Gone(volume.Cephfs is not null, path.Child("cephfs"), "deprecated in v1.28, non-functional in v1.31+", warnings);
        Gone(volume.Rbd is not null, path.Child("rbd"), "deprecated in v1.28, non-functional in v1.31+", warnings);
    }

    public static void Persistent(PersistentVolume volume, ICollection<string> warnings)
    {
        var (spec, annotations) = (volume.Spec, volume.Metadata.Annotations);
        var (path, notes) = (Paths.Spec, Paths.Metadata.Child("annotations"));
        Class(annotations, warnings);
        if (annotations.ContainsKey("volume.beta.kubernetes.io/mount-options"))
            warnings.Add($"{notes.Key("volume.beta.kubernetes.io/mount-options")}: deprecated since v1.31; use \"mountOptions\" attribute instead");
        if (spec.PersistentVolumeReclaimPolicy == "Recycle")
            warnings.Add($"{path.Child("persistentVolumeReclaimPolicy")}: The Recycle reclaim policy is deprecated. "
                + "Instead, the recommended approach is to use dynamic provisioning.");
        if (spec.NodeAffinity?.Required is { } required)
            for (var i = 0; i < required.NodeSelectorTerms.Count; i++)
                NodeLabelWarnings.Term(required.NodeSelectorTerms[i], checkValues: false,
                    path.Child("nodeAffinity").Child("required").Child("nodeSelectorTerms").Index(i), warnings);
        Gone(spec.Cephfs is not null, path.Child("cephfs"), "deprecated in v1.28, non-functional in v1.31+", warnings);
        Gone(spec.PhotonPersistentDisk is not null, path.Child("photonPersistentDisk"), "deprecated in v1.11, non-functional in v1.16+", warnings);
        Gone(spec.ScaleIO is not null, path.Child("scaleIO"), "deprecated in v1.16, non-functional in v1.22+", warnings);
        Gone(spec.Storageos is not null, path.Child("storageOS"), "deprecated in v1.22, non-functional in v1.25+", warnings);
        Gone(spec.Glusterfs is not null, path.Child("glusterfs"), "deprecated in v1.25, non-functional in v1.26+", warnings);
        Gone(spec.Rbd is not null, path.Child("rbd"), "deprecated in v1.28, non-functional in v1.31+", warnings);
        PodWarnings.Fraction(spec.Capacity, "storage", path.Child("capacity"), warnings);
    }

    public static void Class(ApiMap<string> annotations, ICollection<string> warnings)
    {
        if (annotations.ContainsKey("volume.beta.kubernetes.io/storage-class"))
            warnings.Add($"{Paths.Metadata.Child("annotations").Key("volume.beta.kubernetes.io/storage-class")}: deprecated since v1.8; "
                + "use \"storageClassName\" attribute instead");
    }

    public static void Claim(PersistentVolumeClaimSpec spec, FieldPath path, ICollection<string> warnings) =>
        PodWarnings.Fraction(spec.Resources.Requests, "storage", path.Child("resources").Child("requests"), warnings);

    private static void Gone(bool used, FieldPath path, string message, ICollection<string> warnings)
    {
        if (used)
            warnings.Add($"{path}: {message}");
    }
}
