using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>Lets pods that ask for an extended resource onto the nodes that are tainted with that resource's name.</summary>
internal sealed class ExtendedResourceTolerationAdmission : IAdmissionPlugin
{
    public string Name => "ExtendedResourceToleration";

    public bool Handles(AdmissionContext context) => (context.IsCreate || context.IsUpdate) && context.Is("", "pods");

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod pod)
            return new(o);
        var tolerations = pod.Spec.Tolerations;
        foreach (var resource in pod.Spec.Containers.Concat(pod.Spec.InitContainers).SelectMany(c => c.Resources.Requests.Select(r => r.Key))
            .Where(IsExtended).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var toleration = new Toleration { Key = resource, Operator = "Exists" };
            if (!tolerations.Contains(toleration))
                tolerations = tolerations.Add(toleration);
        }

        return new(tolerations.Count == pod.Spec.Tolerations.Count ? pod : pod with { Spec = pod.Spec with { Tolerations = tolerations } });
    }

    /// <summary>Of somebody's domain, and not of Kubernetes' own.</summary>
    private static bool IsExtended(string resource) =>
        resource.Contains('/', StringComparison.Ordinal) && !resource.Contains("kubernetes.io/", StringComparison.Ordinal)
        && !resource.StartsWith("requests.", StringComparison.Ordinal);
}
