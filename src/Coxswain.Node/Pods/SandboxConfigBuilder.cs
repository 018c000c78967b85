using Coxswain.Api.Core.V1;
using Coxswain.Node.Runtime;

namespace Coxswain.Node.Pods;

/// <summary>Makes the runtime's configuration of a pod's sandbox.</summary>
internal sealed class SandboxConfigBuilder(NodeAgentOptions options, DnsConfigurer dns, PodCgroups cgroups)
{
    /// <param name="warn">Told of what had to be left out: reason and message of an event.</param>
    public PodSandboxConfig Build(Pod pod, uint attempt, Action<string, string> warn)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pod.Metadata.Labels)
            labels[key] = value;
        labels[RuntimeLabels.PodName] = pod.Metadata.Name;
        labels[RuntimeLabels.PodNamespace] = pod.Metadata.Namespace;
        labels[RuntimeLabels.PodUid] = pod.Metadata.Uid;

        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pod.Metadata.Annotations)
            annotations[key] = value;
        annotations[RuntimeLabels.ConfigSource] = "api";

        return new()
        {
            Metadata = new(pod.Metadata.Name, pod.Metadata.Uid, pod.Metadata.Namespace, attempt),
            Hostname = pod.Spec.HostNetwork ? "" : PodHostname.ForSandbox(pod, options.ClusterDomain),
            LogDirectory = LogDirectory(options, pod),
            DnsConfig = dns.For(pod, warn),
            PortMappings = PortMappings(pod),
            Labels = labels,
            Annotations = annotations,
            Linux = new()
            {
                CgroupParent = cgroups.ParentFor(pod),
                Sysctls = pod.Spec.SecurityContext?.Sysctls.ToDictionary(
                    sysctl => sysctl.Name.Replace('/', '.'), sysctl => sysctl.Value, StringComparer.Ordinal) ?? [],
                SecurityContext = SecurityContext(pod),
                Resources = Resources(pod),
            },
        };
    }

    /// <summary>namespace_name_uid below the folder of pod logs: the layout that log collectors expect.</summary>
    public static string LogDirectory(NodeAgentOptions options, Pod pod) =>
        Path.Combine(options.PodLogsDirectory, $"{pod.Metadata.Namespace}_{pod.Metadata.Name}_{pod.Metadata.Uid}");

    private static PortMapping[] PortMappings(Pod pod)
    {
        if (pod.Spec.HostNetwork)
            return [];
        return
        [
            .. from container in pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(PodContainers.IsSidecar))
               from port in container.Ports
               select new PortMapping(
                   port.Protocol switch { "UDP" => PortProtocol.Udp, "SCTP" => PortProtocol.Sctp, _ => PortProtocol.Tcp },
                   port.ContainerPortValue, port.HostPort, port.HostIP),
        ];
    }

    private static LinuxSandboxSecurityContext SecurityContext(Pod pod)
    {
        var context = pod.Spec.SecurityContext;
        return new()
        {
            NamespaceOptions = SecurityContexts.NamespacesOf(pod),
            RunAsUser = context?.RunAsUser,
            RunAsGroup = context?.RunAsUser is null ? null : context.RunAsGroup,
            SupplementalGroups = SecurityContexts.SupplementalGroups(context),
            Privileged = PodContainers.All(pod).Any(c => c.Container.SecurityContext?.Privileged == true),
            // The sandbox's own process needs nothing special, whatever the containers are allowed.
            Seccomp = new(SecurityProfileType.RuntimeDefault),
            SelinuxOptions = SecurityContexts.SeLinux(context?.SeLinuxOptions),
        };
    }

    private LinuxContainerResources Resources(Pod pod)
    {
        var requests = PodResources.Requests(pod);
        var limits = PodResources.Limits(pod);
        return LinuxResources.FromMilli(
            requests.GetValueOrDefault("cpu"),
            PodResources.EveryContainerLimits(pod, "cpu") ? limits.GetValueOrDefault("cpu") : 0,
            PodResources.EveryContainerLimits(pod, "memory") ? limits.GetValueOrDefault("memory") / 1000 : 0,
            options.CpuCfsQuota);
    }
}
