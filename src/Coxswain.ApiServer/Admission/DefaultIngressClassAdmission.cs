using Coxswain.Api;
using Coxswain.Api.Networking.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>An ingress that names no class gets the default one.</summary>
internal sealed class DefaultIngressClassAdmission(IClusterView cluster) : IAdmissionPlugin
{
    public string Name => "DefaultIngressClass";

    public bool Handles(AdmissionContext context) => context.IsCreate && context.Is("networking.k8s.io", "ingresses");

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Ingress { Spec.IngressClassName: null } ingress
            || ingress.Metadata.Annotations.ContainsKey("kubernetes.io/ingress.class")
            || DefaultClasses.Find(cluster.List<IngressClass>(""), "ingressclass.kubernetes.io/is-default-class") is not { } chosen)
            return new(o);
        return new(ingress with { Spec = ingress.Spec with { IngressClassName = chosen.Metadata.Name } });
    }
}
