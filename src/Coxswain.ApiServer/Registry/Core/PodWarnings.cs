using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>What is legal in a pod but surely not meant.</summary>
internal static class PodWarnings
{
    public static void Add(PodSpec spec, ObjectMeta metadata, FieldPath path, ICollection<string> warnings)
    {
        for (var i = 0; i < spec.HostAliases.Count; i++)
            for (var j = 0; j < i; j++)
                if (spec.HostAliases[i].Ip == spec.HostAliases[j].Ip)
                {
                    warnings.Add($"{path.Child("hostAliases").Index(i).Child("ip")}: duplicate ip {GoText.Quote(spec.HostAliases[i].Ip)}");
                    break;
                }

        for (var i = 0; i < spec.ImagePullSecrets.Count; i++)
            if (spec.ImagePullSecrets[i].Name.Length == 0)
                warnings.Add($"{path.Child("imagePullSecrets").Index(i)}: invalid empty name {GoText.Quote("")}");
        for (var i = 0; i < spec.Volumes.Count; i++)
            Volume(spec.Volumes[i], path.Child("volumes").Index(i), warnings);
        Containers(spec.Containers, path.Child("containers"), warnings);
        Containers(spec.InitContainers, path.Child("initContainers"), warnings);
        if (spec.TerminationGracePeriodSeconds < 0)
            warnings.Add($"{path.Child("terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1");
    }

    private static void Volume(Volume volume, FieldPath path, ICollection<string> warnings)
    {
        if (volume.GitRepo is not null)
            warnings.Add($"{path.Child("gitRepo")}: deprecated in v1.11, and disabled by default in v1.33+");
        if (volume.Glusterfs is not null)
            warnings.Add($"{path.Child("glusterfs")}: deprecated in v1.25, non-functional in v1.26+");
        if (volume.Rbd is not null)
            warnings.Add($"{path.Child("rbd")}: deprecated in v1.28, non-functional in v1.31+");
        if (volume.Cephfs is not null)
            warnings.Add($"{path.Child("cephfs")}: deprecated in v1.28, non-functional in v1.31+");
        if (volume.ScaleIO is not null)
            warnings.Add($"{path.Child("scaleIO")}: deprecated in v1.16, non-functional in v1.22+");
    }

    private static void Containers(ApiList<Container> containers, FieldPath path, ICollection<string> warnings)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            var (container, at) = (containers[i], path.Index(i));
            foreach (var (list, values) in new[] { ("limits", container.Resources.Limits), ("requests", container.Resources.Requests) })
                foreach (var name in FractionalBytes)
                    if (values.TryGetValue(name, out var quantity) && !quantity.IsWhole)
                        warnings.Add($"{at.Child("resources").Child(list).Key(name)}: fractional byte value {GoText.Quote(quantity.ToString())} is invalid, must be an integer");
            for (var j = 1; j < container.Env.Count; j++)
                for (var k = 0; k < j; k++)
                    if (container.Env[k].Name == container.Env[j].Name && !container.Env[j].Value.Contains($"$({container.Env[j].Name})", StringComparison.Ordinal))
                    {
                        warnings.Add($"{at.Child("env").Index(j)}: hides previous definition of {GoText.Quote(container.Env[j].Name)}, which may be dropped when using apply");
                        break;
                    }
        }
    }

    private static readonly string[] FractionalBytes = ["ephemeral-storage", "memory"];
}
