using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>Lets a pod keep others off its node, but not off a whole zone.</summary>
internal sealed class LimitPodHardAntiAffinityTopologyAdmission : IAdmissionPlugin
{
    private const string HostName = "kubernetes.io/hostname";

    public string Name => "LimitPodHardAntiAffinityTopology";

    public bool Handles(AdmissionContext context) => (context.IsCreate || context.IsUpdate) && context.Is("", "pods");

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod { Spec.Affinity.PodAntiAffinity: { } affinity } pod)
            return default;
        foreach (var term in affinity.RequiredDuringSchedulingIgnoredDuringExecution)
            if (term.TopologyKey != HostName)
                throw new ApiException(Statuses.Forbidden(context.Resource.GroupResource, pod.Metadata.Name,
                    $"affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey {term.TopologyKey} but only key {HostName} is allowed"));
        return default;
    }
}
