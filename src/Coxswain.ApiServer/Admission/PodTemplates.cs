using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>The pods that an object is or makes.</summary>
internal static class PodTemplates
{
    public static PodSpec? SpecOf(IKubernetesObject? o) => o switch
    {
        Pod pod => pod.Spec,
        Deployment deployment => deployment.Spec.Template.Spec,
        ReplicaSet replicaSet => replicaSet.Spec.Template.Spec,
        StatefulSet statefulSet => statefulSet.Spec.Template.Spec,
        DaemonSet daemonSet => daemonSet.Spec.Template.Spec,
        Job job => job.Spec.Template.Spec,
        CronJob cronJob => cronJob.Spec.JobTemplate.Spec.Template.Spec,
        ReplicationController controller => controller.Spec.Template?.Spec,
        PodTemplate template => template.Template.Spec,
        _ => null,
    };
}
