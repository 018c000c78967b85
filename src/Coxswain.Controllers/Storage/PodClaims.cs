using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Which claims a pod uses, and who uses a claim.</summary>
internal static class PodClaims
{
    private const string ByClaim = "claim";

    public static void AddTo(Informer<Pod> pods) => pods.AddIndex(ByClaim, pod => Of(pod).Select(name => name.ToString()));

    public static IEnumerable<NamespacedName> Of(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (NameOf(pod, volume) is { } claim)
                yield return new(pod.Metadata.Namespace, claim);
        }
    }

    /// <summary>The claim behind one of the pod's volumes, if there is one.</summary>
    public static string? NameOf(Pod pod, Volume volume) =>
        volume.PersistentVolumeClaim is { } named ? named.ClaimName
        : volume.Ephemeral is not null ? $"{pod.Metadata.Name}-{volume.Name}"
        : null;

    /// <summary>The pods that use a claim; needs the index of <see cref="AddTo"/>.</summary>
    public static IReadOnlyList<Pod> Users(Lister<Pod> pods, NamespacedName claim) => pods.ByIndex(ByClaim, claim.ToString());
}
