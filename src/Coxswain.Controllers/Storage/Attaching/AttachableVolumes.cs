using System.Security.Cryptography;
using System.Text;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>A CSI volume that has to be attached to a node before a pod there can use it.</summary>
internal sealed record AttachableVolume(string Name, string Driver, string Handle, bool IsExclusive)
{
    public const string Prefix = "kubernetes.io/csi/";

    /// <summary>Who needs it.</summary>
    public IReadOnlyList<Pod> Pods { get; init; } = [];

    /// <summary>How nodes name the volume.</summary>
    public string UniqueName => Unique(Driver, Handle);

    /// <summary>Upstream's name, which attachers and kubelets know how to find.</summary>
    public string AttachmentName(string node) => "csi-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Handle + Driver + node)));

    public static string Unique(string driver, string handle) => $"{Prefix}{driver}^{handle}";
}

/// <summary>Finds the volumes of pods that have to be attached.</summary>
internal sealed class AttachableVolumes(Lister<PersistentVolumeClaim> claims, Lister<PersistentVolume> volumes, Lister<CSIDriver> drivers)
{
    public IEnumerable<AttachableVolume> Of(Pod pod)
    {
        foreach (var name in PodClaims.Of(pod))
        {
            // A claim that is not (or no more) bound to its volume leads nowhere.
            if (claims.Find(name) is { } claim && claim.Spec.VolumeName.Length > 0 && volumes.Find(new("", claim.Spec.VolumeName)) is { } volume
                && volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid && volume.Spec.Csi is { } csi && NeedsAttaching(csi.Driver))
                yield return new(volume.Metadata.Name, csi.Driver, csi.VolumeHandle,
                    volume.Spec.AccessModes.All(m => m is PersistentVolumeAccessMode.ReadWriteOnce or PersistentVolumeAccessMode.ReadWriteOncePod));
        }
    }

    /// <summary>Attachments of others, made by hand or for other kinds of sources, are left alone. Of a volume that is gone the name alone tells.</summary>
    public bool IsOurs(VolumeAttachment attachment) =>
        attachment.Spec.Source.PersistentVolumeName is { } name
        && (volumes.Find(new("", name)) is { } volume
            ? volume.Spec.Csi is { } csi
                && new AttachableVolume(name, attachment.Spec.Attacher, csi.VolumeHandle, false).AttachmentName(attachment.Spec.NodeName) == attachment.Metadata.Name
            : attachment.Metadata.Name is ['c', 's', 'i', '-', .. { Length: 64 } hash] && hash.All(char.IsAsciiHexDigitLower));

    public string? UniqueNameOf(VolumeAttachment attachment) =>
        attachment.Spec.Source.PersistentVolumeName is { } name && volumes.Find(new("", name))?.Spec.Csi is { } csi
            ? AttachableVolume.Unique(attachment.Spec.Attacher, csi.VolumeHandle)
            : null;

    private bool NeedsAttaching(string driver) => drivers.Find(new("", driver))?.Spec.AttachRequired != false;
}
