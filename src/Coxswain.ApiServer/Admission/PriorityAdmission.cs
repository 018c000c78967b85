using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Scheduling.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Gives pods the priority of their class, and lets one class at most be the default.</summary>
internal sealed class PriorityAdmission(IClusterView cluster) : IAdmissionPlugin
{
    private const string PreemptLower = "PreemptLowerPriority";

    public string Name => "Priority";

    public bool Handles(AdmissionContext context) =>
        (context.IsCreate || context.IsUpdate) && (context.Is("", "pods") || context.Is("scheduling.k8s.io", "priorityclasses"));

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod pod)
            return o;
        if (context.IsUpdate)
            return context.OldObject is not Pod old ? o : pod with
            {
                Spec = pod.Spec with
                {
                    Priority = pod.Spec.Priority ?? old.Spec.Priority,
                    PreemptionPolicy = pod.Spec.PreemptionPolicy ?? old.Spec.PreemptionPolicy,
                },
            };

        var name = pod.Spec.PriorityClassName;
        var chosen = name.Length == 0
            ? Default()
            : cluster.Find<PriorityClass>(new NamespacedName("", name)) ?? await cluster.GetAsync<PriorityClass>(new NamespacedName("", name), cancellation)
                ?? throw context.Forbidden(o, $"no PriorityClass with name {name} was found");
        var (value, policy) = (chosen?.Value ?? 0, chosen?.PreemptionPolicy ?? PreemptLower);
        if (pod.Spec.Priority is { } priority && priority != value)
            throw context.Forbidden(o, $"the integer value of priority ({priority}) must not be provided in pod spec; "
                + $"priority admission controller computed {value} from the given PriorityClass name");
        if (pod.Spec.PreemptionPolicy is { } asked && asked != policy)
            throw context.Forbidden(o, $"the string value of PreemptionPolicy ({asked}) must not be provided in pod spec; "
                + $"priority admission controller computed {policy} from the given PriorityClass name");
        return pod with
        {
            Spec = pod.Spec with { PriorityClassName = chosen?.Metadata.Name ?? "", Priority = value, PreemptionPolicy = policy },
        };
    }

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is PriorityClass { GlobalDefault: true } wanted && Default() is { } existing && existing.Metadata.Name != wanted.Metadata.Name)
            throw context.Forbidden(o, $"PriorityClass {existing.Metadata.Name} is already marked as default. Only one default can exist");
        return default;
    }

    // Should there ever be several, the lowest is the safest.
    private PriorityClass? Default()
    {
        PriorityClass? found = null;
        foreach (var candidate in cluster.List<PriorityClass>(""))
            if (candidate.GlobalDefault && (found is null || candidate.Value < found.Value))
                found = candidate;
        return found;
    }
}
