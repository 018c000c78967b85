using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

internal enum ContainerRole
{
    Init,
    Regular,
    Ephemeral,
}

/// <summary>Walks over the three lists of containers of a pod.</summary>
internal static class PodContainers
{
    public static IEnumerable<(Container Container, ContainerRole Role)> All(Pod pod)
    {
        foreach (var container in pod.Spec.InitContainers)
            yield return (container, ContainerRole.Init);
        foreach (var container in pod.Spec.Containers)
            yield return (container, ContainerRole.Regular);
        foreach (var container in pod.Spec.EphemeralContainers)
            yield return (AsContainer(container), ContainerRole.Ephemeral);
    }

    public static Container? Find(Pod pod, string name)
    {
        foreach (var (container, _) in All(pod))
        {
            if (string.Equals(container.Name, name, StringComparison.Ordinal))
                return container;
        }

        return null;
    }

    /// <summary>An init container that is kept running beside the regular ones.</summary>
    public static bool IsSidecar(Container container) =>
        string.Equals(container.RestartPolicy, ContainerRestartPolicy.Always, StringComparison.Ordinal);

    /// <summary>The field path that events about a container carry: <c>spec.containers{name}</c>.</summary>
    public static string FieldPath(string name, ContainerRole role) => role switch
    {
        ContainerRole.Init => $"spec.initContainers{{{name}}}",
        ContainerRole.Ephemeral => $"spec.ephemeralContainers{{{name}}}",
        _ => $"spec.containers{{{name}}}",
    };

    /// <summary>name_namespace(uid), the way log lines and back-off messages name a pod.</summary>
    public static string Describe(Pod pod) => $"{pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.Uid})";

    public static Container AsContainer(EphemeralContainer ephemeral) => new()
    {
        Name = ephemeral.Name,
        Image = ephemeral.Image,
        Command = ephemeral.Command,
        Args = ephemeral.Args,
        WorkingDir = ephemeral.WorkingDir,
        EnvFrom = ephemeral.EnvFrom,
        Env = ephemeral.Env,
        Resources = ephemeral.Resources,
        VolumeMounts = ephemeral.VolumeMounts,
        VolumeDevices = ephemeral.VolumeDevices,
        TerminationMessagePath = ephemeral.TerminationMessagePath,
        TerminationMessagePolicy = ephemeral.TerminationMessagePolicy,
        ImagePullPolicy = ephemeral.ImagePullPolicy,
        SecurityContext = ephemeral.SecurityContext,
        Stdin = ephemeral.Stdin,
        StdinOnce = ephemeral.StdinOnce,
        Tty = ephemeral.Tty,
    };
}
