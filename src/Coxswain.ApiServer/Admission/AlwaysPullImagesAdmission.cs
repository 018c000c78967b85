using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>Makes every pod ask the registry for its images, so that nobody runs an image that only lies on a node because somebody else,
/// who may pull it, has pulled it.</summary>
internal sealed class AlwaysPullImagesAdmission : IAdmissionPlugin
{
    private const string Always = "Always";

    public string Name => "AlwaysPullImages";

    public bool Handles(AdmissionContext context) => (context.IsCreate || context.IsUpdate) && context.Is("", "pods");

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod pod || (context.OldObject is Pod old && Images(pod).IsSubsetOf(Images(old))))
            return new(o);
        var spec = pod.Spec;
        return new(pod with
        {
            Spec = spec with
            {
                InitContainers = [.. spec.InitContainers.Select(c => c with { ImagePullPolicy = Always })],
                Containers = [.. spec.Containers.Select(c => c with { ImagePullPolicy = Always })],
                EphemeralContainers = [.. spec.EphemeralContainers.Select(c => c with { ImagePullPolicy = Always })],
                Volumes = [.. spec.Volumes.Select(v => v.Image is { } image ? v with { Image = image with { PullPolicy = Always } } : v)],
            },
        });
    }

    private static HashSet<string> Images(Pod pod) =>
    [
        .. pod.Spec.InitContainers.Select(c => c.Image), .. pod.Spec.Containers.Select(c => c.Image), .. pod.Spec.EphemeralContainers.Select(c => c.Image),
        .. pod.Spec.Volumes.Select(v => v.Image?.Reference ?? "").Where(i => i.Length > 0),
    ];
}
