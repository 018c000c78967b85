using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler;

/// <summary>A pod with what the scheduler asks of it again and again, worked out once. Immutable.</summary>
public sealed class PodInfo(Pod pod)
{
    public Pod Pod { get; } = pod;
    public NamespacedName Name { get; } = new(pod.Metadata.Namespace, pod.Metadata.Name);
    public string Uid => Pod.Metadata.Uid;
    public ResourceAmounts Requests { get; } = PodRequests.Of(pod);
    public ResourceAmounts ScoringRequests { get; } = PodRequests.ForScoring(pod);
    public int Priority { get; } = pod.Spec.Priority ?? 0;
    public bool IsTerminating => Pod.Metadata.DeletionTimestamp is not null;

    /// <summary>Host ports: protocol, address, port.</summary>
    public IReadOnlyList<(string Protocol, string Address, int Port)> HostPorts { get; } = PortsOf(pod);

    public IReadOnlyList<AffinityTerm> RequiredAffinity { get; } =
        AffinityTerm.From(pod, pod.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? default);

    public IReadOnlyList<AffinityTerm> RequiredAntiAffinity { get; } =
        AffinityTerm.From(pod, pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? default);

    /// <summary>Preferred terms; those of anti-affinity have negative weights.</summary>
    public IReadOnlyList<(AffinityTerm Term, int Weight)> PreferredAffinity { get; } = PreferredOf(pod);

    /// <summary>The claims that the pod mounts, those of ephemeral volumes included.</summary>
    public IReadOnlyList<string> Claims { get; } = ClaimsOf(pod);

    /// <summary>Whether the pod has volumes that a plug-in could have something to say about.</summary>
    public bool HasDisks { get; } = HasDisksIn(pod);

    private static (string, string, int)[] PortsOf(Pod pod)
    {
        List<(string, string, int)>? ports = null;
        Add(pod.Spec.Containers, sidecarsOnly: false);
        Add(pod.Spec.InitContainers, sidecarsOnly: true);
        return ports is null ? [] : [.. ports];

        void Add(ApiList<Container> containers, bool sidecarsOnly)
        {
            foreach (var container in containers)
            {
                if (sidecarsOnly && container.RestartPolicy != "Always")
                    continue;
                foreach (var port in container.Ports)
                {
                    if (port.HostPort > 0)
                        (ports ??= []).Add((port.Protocol.Length == 0 ? "TCP" : port.Protocol, port.HostIP.Length == 0 ? "0.0.0.0" : port.HostIP, port.HostPort));
                }
            }
        }
    }

    private static (AffinityTerm, int)[] PreferredOf(Pod pod)
    {
        if (pod.Spec.Affinity is not { } affinity)
            return [];
        return
        [
            .. AffinityTerm.Weighted(pod, affinity.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? default, 1),
            .. AffinityTerm.Weighted(pod, affinity.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? default, -1),
        ];
    }

    private static string[] ClaimsOf(Pod pod)
    {
        List<string>? claims = null;
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.PersistentVolumeClaim is { } claim)
                (claims ??= []).Add(claim.ClaimName);
            else if (volume.Ephemeral is not null)
                (claims ??= []).Add(pod.Metadata.Name + "-" + volume.Name);
        }

        return claims is null ? [] : [.. claims];
    }

    private static bool HasDisksIn(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.GcePersistentDisk is not null || volume.AwsElasticBlockStore is not null || volume.Iscsi is not null || volume.Rbd is not null)
                return true;
        }

        return false;
    }
}
