using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Sorts of volumes that work no longer, or not for long.</summary>
internal static class VolumeWarnings
{
    public static void Add(Volume volume, FieldPath path, ICollection<string> warnings)
    {
        Gone(volume.PhotonPersistentDisk is not null, "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+");
        Gone(volume.GitRepo is not null, "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+");
        Gone(volume.ScaleIO is not null, "scaleIO", "deprecated in v1.16, non-functional in v1.22+");
        Gone(volume.Flocker is not null, "flocker", "deprecated in v1.22, non-functional in v1.25+");
        Gone(volume.Storageos is not null, "storageOS", "deprecated in v1.22, non-functional in v1.25+");
        Gone(volume.Quobyte is not null, "quobyte", "deprecated in v1.22, non-functional in v1.25+");
        Gone(volume.Glusterfs is not null, "glusterfs", "deprecated in v1.25, non-functional in v1.26+");
        if (volume.Ephemeral?.VolumeClaimTemplate is { } template)
            Claim(template.Spec, path.Child("ephemeral").Child("volumeClaimTemplate").Child("spec"), warnings);
        Gone(volume.Cephfs is not null, "cephfs", "deprecated in v1.28, non-functional in v1.31+");
        Gone(volume.Rbd is not null, "rbd", "deprecated in v1.28, non-functional in v1.31+");

        void Gone(bool used, string field, string message)
        {
            if (used)
                warnings.Add($"{path.Child(field)}: {message}");
        }
    }

    public static void Claim(PersistentVolumeClaimSpec spec, FieldPath path, ICollection<string> warnings) =>
        PodWarnings.Fraction(spec.Resources.Requests, "storage", path.Child("resources").Child("requests"), warnings);
}
