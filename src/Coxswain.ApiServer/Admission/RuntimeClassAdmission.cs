using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Node.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Gives pods the overhead and the scheduling rules of their runtime class.</summary>
internal sealed class RuntimeClassAdmission(IClusterView cluster) : IAdmissionPlugin
{
    public string Name => "RuntimeClass";

    public bool Handles(AdmissionContext context) => context.IsCreate && context.Is("", "pods");

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod pod || await FindAsync(context, pod, cancellation) is not { } runtime)
            return o;
        var spec = pod.Spec;
        if (runtime.Overhead is { } overhead)
        {
            if (spec.Overhead.Count > 0 && spec.Overhead != overhead.PodFixed)
                throw context.Forbidden(o, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
            spec = spec with { Overhead = overhead.PodFixed };
        }

        if (runtime.Scheduling is { } scheduling)
            spec = Scheduled(context, pod, spec, scheduling);
        return pod with { Spec = spec };
    }

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not Pod pod)
            return;
        var runtime = await FindAsync(context, pod, cancellation);
        if (pod.Spec.Overhead.Count > 0 && runtime?.Overhead is null)
            throw context.Forbidden(o, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        if (runtime?.Overhead is { } overhead && pod.Spec.Overhead != overhead.PodFixed)
            throw context.Forbidden(o, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }

    private static PodSpec Scheduled(AdmissionContext context, Pod pod, PodSpec spec, Scheduling scheduling)
    {
        var selector = spec.NodeSelector;
        foreach (var (key, value) in scheduling.NodeSelector)
        {
            if (selector.TryGetValue(key, out var own) && own != value)
                throw context.Forbidden(pod,
                    $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}");
            selector = selector.With(key, value);
        }

        var tolerations = spec.Tolerations;
        foreach (var toleration in scheduling.Tolerations)
            if (!tolerations.AsSpan().Contains(toleration))
                tolerations = tolerations.Add(toleration);
        return spec with { NodeSelector = selector, Tolerations = tolerations };
    }

    private async ValueTask<RuntimeClass?> FindAsync(AdmissionContext context, Pod pod, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(pod.Spec.RuntimeClassName))
            return null;
        var name = new NamespacedName("", pod.Spec.RuntimeClassName);
        return cluster.Find<RuntimeClass>(name) ?? await cluster.GetAsync<RuntimeClass>(name, cancellation)
            ?? throw context.Forbidden(pod, $"pod rejected: RuntimeClass {GoText.Quote(name.Name)} not found");
    }
}
