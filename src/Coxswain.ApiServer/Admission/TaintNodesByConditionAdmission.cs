using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>A new node gets no pods before it is ready.</summary>
internal sealed class TaintNodesByConditionAdmission : IAdmissionPlugin
{
    private static readonly Taint NotReady = new() { Key = "node.kubernetes.io/not-ready", Effect = "NoSchedule" };

    public string Name => "TaintNodesByCondition";

    public bool Handles(AdmissionContext context) => context.IsCreate && context.Is("", "nodes");

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Node node)
            return new(o);
        foreach (var taint in node.Spec.Taints)
            if (taint.Key == NotReady.Key && taint.Effect == NotReady.Effect)
                return new(o);
        return new(node with { Spec = node.Spec with { Taints = node.Spec.Taints.Add(NotReady) } });
    }
}
