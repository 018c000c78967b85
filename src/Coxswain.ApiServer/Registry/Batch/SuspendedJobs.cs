using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>What may change in the pods of a job that rests: where they go, and what they need.</summary>
internal static class SuspendedJobs
{
    /// <summary>The template of the old job, with what the update may change taken from the updated one.</summary>
    public static PodTemplateSpec Changeable(PodTemplateSpec updated, Job old)
    {
        var template = old.Spec.Template;
        if (!IsAtRest(old))
            return template;
        var (pod, wanted) = (template.Spec, updated.Spec);
        return template with
        {
            Metadata = template.Metadata with { Labels = updated.Metadata.Labels, Annotations = updated.Metadata.Annotations },
            Spec = pod with
            {
                NodeSelector = wanted.NodeSelector,
                Affinity = Affinity(wanted.Affinity, pod.Affinity),
                Tolerations = wanted.Tolerations,
                SchedulingGates = wanted.SchedulingGates,
                Containers = Containers(wanted.Containers, pod.Containers),
                InitContainers = Containers(wanted.InitContainers, pod.InitContainers),
            },
        };
    }

    private static bool IsAtRest(Job job)
    {
        if (job.Spec.Suspend != true)
            return false;
        if (job.Status.StartTime is null)
            return true;
        if (job.Status.Active > 0)
            return false;
        foreach (var condition in job.Status.Conditions)
            if (condition is { Type: "Suspended", Status: "True" })
                return true;
        return false;
    }

    // Only the part about nodes.
    private static Affinity? Affinity(Affinity? updated, Affinity? old)
    {
        var mixed = (old ?? Api.Core.V1.Affinity.Empty) with { NodeAffinity = updated?.NodeAffinity };
        return updated is null && mixed == Api.Core.V1.Affinity.Empty ? null : mixed;
    }

    private static ApiList<Container> Containers(ApiList<Container> updated, ApiList<Container> old)
    {
        if (updated.Count != old.Count)
            return old;
        for (var i = 0; i < old.Count; i++)
            old = old.SetItem(i, old[i] with { Resources = updated[i].Resources });
        return old;
    }
}
