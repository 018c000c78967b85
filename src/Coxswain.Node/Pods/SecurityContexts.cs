using Coxswain.Api.Core.V1;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;
using SeccompProfile = Coxswain.Api.Core.V1.SeccompProfile;

namespace Coxswain.Node.Pods;

/// <summary>The security context of a container: the container's own words first, then the pod's, then the image's.</summary>
internal static class SecurityContexts
{
    // What the kernel shows in /proc and /sys about the whole machine, and must not show to a container.
    private static readonly string[] DefaultMasked =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    private static readonly string[] DefaultReadonly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    public static LinuxContainerSecurityContext For(
        Pod pod, Container container, Runtime.Image? image, string seccompRoot, string? targetContainerId)
    {
        var ofPod = pod.Spec.SecurityContext;
        var own = container.SecurityContext;
        var privileged = own?.Privileged == true;
        var user = own?.RunAsUser ?? ofPod?.RunAsUser;
        var unmasked = privileged || string.Equals(own?.ProcMount, ProcMountType.Unmasked, StringComparison.Ordinal);
        var namespaces = NamespacesOf(pod);
        return new()
        {
            Capabilities = own?.Capabilities is { } capabilities ? new([.. capabilities.Add], [.. capabilities.Drop]) : null,
            Privileged = privileged,
            NamespaceOptions = targetContainerId is null ? namespaces : namespaces with { Pid = NamespaceMode.Target, TargetId = targetContainerId },
            SelinuxOptions = SeLinux(own?.SeLinuxOptions ?? ofPod?.SeLinuxOptions),
            RunAsUser = user ?? image?.Uid,
            RunAsUsername = user is null && image?.Uid is null ? image?.Username ?? "" : "",
            RunAsGroup = own?.RunAsGroup ?? ofPod?.RunAsGroup,
            ReadonlyRootfs = own?.ReadOnlyRootFilesystem == true,
            SupplementalGroups = SupplementalGroups(ofPod),
            NoNewPrivs = own?.AllowPrivilegeEscalation == false,
            MaskedPaths = unmasked ? [] : DefaultMasked,
            ReadonlyPaths = unmasked ? [] : DefaultReadonly,
            Seccomp = privileged
                ? new(SecurityProfileType.Unconfined)
                : Seccomp(own?.SeccompProfile ?? ofPod?.SeccompProfile, seccompRoot),
            Apparmor = AppArmor(own?.AppArmorProfile ?? ofPod?.AppArmorProfile ?? FromAnnotation(pod, container)),
        };
    }

    /// <summary>A container that must not run as root is checked before it is made.</summary>
    /// <exception cref="ContainerConfigException">It would run as root, or nobody can tell.</exception>
    public static void VerifyNonRoot(Pod pod, Container container, Runtime.Image? image)
    {
        if ((container.SecurityContext?.RunAsNonRoot ?? pod.Spec.SecurityContext?.RunAsNonRoot) != true)
            return;
        var where = $"(pod: \"{PodContainers.Describe(pod)}\", container: {container.Name})";
        var user = container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser;
        if (user is { } asked)
        {
            if (asked == 0)
                throw new ContainerConfigException($"container's runAsUser breaks non-root policy {where}");
            return;
        }

        if (image is { Uid: 0 } or { Uid: null, Username: "" })
            throw new ContainerConfigException($"container has runAsNonRoot and image will run as root {where}");
        if (image is { Username.Length: > 0 })
        {
            throw new ContainerConfigException(
                $"container has runAsNonRoot and image has non-numeric user ({image.Username}), cannot verify user is non-root {where}");
        }
    }

    public static NamespaceOptions NamespacesOf(Pod pod) => new()
    {
        Network = pod.Spec.HostNetwork ? NamespaceMode.Node : NamespaceMode.Pod,
        Ipc = pod.Spec.HostIPC ? NamespaceMode.Node : NamespaceMode.Pod,
        Pid = pod.Spec.HostPID ? NamespaceMode.Node
            : pod.Spec.ShareProcessNamespace == true ? NamespaceMode.Pod
            : NamespaceMode.Container,
    };

    public static IReadOnlyList<long> SupplementalGroups(PodSecurityContext? context)
    {
        if (context is null)
            return [];
        var groups = context.SupplementalGroups.ToList();
        if (context.FsGroup is { } group)
            groups.Add(group);
        return groups;
    }

    public static SeLinuxOption? SeLinux(SELinuxOptions? options) =>
        options is null ? null : new(options.User, options.Role, options.Type, options.Level);

    private static SecurityProfile Seccomp(SeccompProfile? profile, string root) => profile?.Type switch
    {
        SeccompProfileType.RuntimeDefault => new(SecurityProfileType.RuntimeDefault),
        SeccompProfileType.Localhost => new(SecurityProfileType.Localhost, Path.Combine(root, profile.LocalhostProfile ?? "")),
        _ => new(SecurityProfileType.Unconfined),
    };

    private static SecurityProfile? AppArmor(AppArmorProfile? profile) => profile?.Type switch
    {
        null => null,
        AppArmorProfileType.RuntimeDefault => new(SecurityProfileType.RuntimeDefault),
        AppArmorProfileType.Localhost => new(SecurityProfileType.Localhost, profile.LocalhostProfile ?? ""),
        _ => new(SecurityProfileType.Unconfined),
    };

    // The older way of saying it, still found in manifests.
    private static AppArmorProfile? FromAnnotation(Pod pod, Container container)
    {
        const string localhost = "localhost/";
        var value = pod.Metadata.Annotations.GetValueOrDefault("container.apparmor.security.beta.kubernetes.io/" + container.Name);
        return value switch
        {
            "runtime/default" => new() { Type = AppArmorProfileType.RuntimeDefault },
            "unconfined" => new() { Type = AppArmorProfileType.Unconfined },
            not null when value.StartsWith(localhost, StringComparison.Ordinal) =>
                new() { Type = AppArmorProfileType.Localhost, LocalhostProfile = value[localhost.Length..] },
            _ => null,
        };
    }
}
