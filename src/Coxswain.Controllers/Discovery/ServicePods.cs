using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Which pods a service sends to, and what wakes it when they change.</summary>
internal static class ServicePods
{
    /// <summary>A change of a pod that endpoints show wakes the services that select it, before or after.</summary>
    public static Wake WhenPodsChange { get; } = new(c =>
    {
        c.Informer<Pod>().AddHandler(new()
        {
            Added = WakeServices,
            Updated = (before, now) =>
            {
                if (LooksTheSame(before, now))
                    return;
                WakeServices(now);
                if (before.Metadata.Labels != now.Metadata.Labels)
                    WakeServices(before);
            },
            Deleted = WakeServices,
        });

        void WakeServices(Pod pod)
        {
            foreach (var service in c.Lister<Service>().List(pod.Metadata.Namespace))
            {
                if (Selects(service, pod))
                    c.Queue.AddAfter(service.FullName(), c.Options.Gathering);
            }
        }
    });

    public static bool Selects(Service service, Pod pod)
    {
        if (service.Spec.Selector.Count == 0)
            return false;
        foreach (var (key, value) in service.Spec.Selector)
        {
            if (!pod.Metadata.Labels.TryGetValue(key, out var has) || has != value)
                return false;
        }
        return true;
    }

    /// <summary>Selected, not finished, and with an address.</summary>
    public static List<Pod> Of(Service service, Lister<Pod> pods)
    {
        var result = new List<Pod>();
        foreach (var pod in pods.List(service.Metadata.Namespace))
        {
            if (Selects(service, pod) && !PodFacts.IsFinished(pod) && (pod.Status.PodIPs.Count > 0 || pod.Status.PodIP.Length > 0))
                result.Add(pod);
        }
        return result;
    }

    /// <summary>The pod's address of a family (<c>IPv4</c>, <c>IPv6</c>), if it has one.</summary>
    public static string? AddressOf(Pod pod, string family)
    {
        foreach (var address in pod.Status.PodIPs)
        {
            if (IsOf(address.Ip, family))
                return address.Ip;
        }
        return pod.Status.PodIPs.Count == 0 && IsOf(pod.Status.PodIP, family) ? pod.Status.PodIP : null;
    }

    /// <summary>The port on the pod that a service's port leads to; null if the pod has none of that name.</summary>
    public static int? TargetPort(ServicePort port, Pod pod)
    {
        var target = port.TargetPort;
        if (!target.IsString)
            return target.IntValue == 0 ? port.Port : target.IntValue;
        foreach (var container in pod.Spec.Containers)
        {
            if (FindPort(container.Ports, target.StringValue, port.Protocol) is { } found)
                return found;
        }
        foreach (var container in pod.Spec.InitContainers)
        {
            // Of init containers only those that go on running (sidecars) can serve.
            if (container.RestartPolicy == ContainerRestartPolicy.Always && FindPort(container.Ports, target.StringValue, port.Protocol) is { } found)
                return found;
        }
        return null;
    }

    /// <summary>The name by which the pod is known under a headless service.</summary>
    public static string? HostnameOf(Service service, Pod pod) =>
        pod.Spec.Hostname.Length > 0 && pod.Spec.Subdomain == service.Metadata.Name ? pod.Spec.Hostname : null;

    public static ObjectReference ReferenceTo(Pod pod) => new()
    {
        Kind = "Pod",
        Namespace = pod.Metadata.Namespace,
        Name = pod.Metadata.Name,
        Uid = pod.Metadata.Uid,
    };

    public static bool IsHeadless(Service service) => service.Spec.ClusterIP == "None";

    /// <summary>Whether all that endpoints show of a pod is the same.</summary>
    private static bool LooksTheSame(Pod a, Pod b) =>
        PodFacts.IsReady(a) == PodFacts.IsReady(b)
        && PodFacts.IsFinished(a) == PodFacts.IsFinished(b)
        && a.Metadata.DeletionTimestamp is null == b.Metadata.DeletionTimestamp is null
        && a.Metadata.Uid == b.Metadata.Uid
        && a.Spec.NodeName == b.Spec.NodeName
        && a.Spec.Hostname == b.Spec.Hostname
        && a.Spec.Subdomain == b.Spec.Subdomain
        && a.Status.PodIP == b.Status.PodIP
        && a.Status.PodIPs == b.Status.PodIPs
        && a.Metadata.Labels == b.Metadata.Labels;

    private static int? FindPort(ApiList<ContainerPort> ports, string name, string protocol)
    {
        foreach (var port in ports)
        {
            if (port.Name == name && Protocol(port.Protocol) == Protocol(protocol))
                return port.ContainerPortValue;
        }
        return null;
    }

    private static string Protocol(string protocol) => protocol.Length == 0 ? Api.Core.V1.Protocol.TCP : protocol;

    private static bool IsOf(string address, string family) =>
        address.Length > 0 && (family == IPFamily.IPv6) == address.Contains(':', StringComparison.Ordinal);
}
