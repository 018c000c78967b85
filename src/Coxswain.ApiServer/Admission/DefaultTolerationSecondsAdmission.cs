using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>Lets pods stay for five minutes on a node that is not ready or not reachable, unless they say otherwise.</summary>
internal sealed class DefaultTolerationSecondsAdmission : IAdmissionPlugin
{
    private static readonly Toleration NotReady = Five("node.kubernetes.io/not-ready");
    private static readonly Toleration Unreachable = Five("node.kubernetes.io/unreachable");

    public string Name => "DefaultTolerationSeconds";

    public bool Handles(AdmissionContext context) => (context.IsCreate || context.IsUpdate) && context.Is("", "pods");

    public ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod pod)
            return new(o);
        var tolerations = pod.Spec.Tolerations;
        if (!Tolerates(tolerations, NotReady.Key))
            tolerations = tolerations.Add(NotReady);
        if (!Tolerates(tolerations, Unreachable.Key))
            tolerations = tolerations.Add(Unreachable);
        return new(tolerations.Count == pod.Spec.Tolerations.Count ? pod : pod with { Spec = pod.Spec with { Tolerations = tolerations } });
    }

    private static Toleration Five(string key) => new() { Key = key, Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 300 };

    private static bool Tolerates(ApiList<Toleration> tolerations, string key)
    {
        foreach (var toleration in tolerations)
            if (toleration.Effect is "" or "NoExecute"
                && (toleration.Key.Length == 0 || toleration.Key == key))
                return true;
        return false;
    }
}
