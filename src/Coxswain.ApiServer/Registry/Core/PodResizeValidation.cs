using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges a change of what the containers of a running pod get.</summary>
internal static class PodResizeValidation
{
    public static void Validate(Pod updated, Pod old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        PodValidation.MetadataAndSpec(updated, errors);
        if (old.Metadata.Annotations.ContainsKey(PodAnnotationValidation.MirrorPod))
        {
            Never("static pods cannot be resized", errors);
            return;
        }

        if (old.Spec.Os?.Name == "windows")
        {
            Never("windows pods cannot be resized", errors);
            return;
        }

        var path = Paths.Spec;
        if (PodQos.Compute(updated.Spec) != (old.Status.QosClass.Length > 0 ? old.Status.QosClass : PodQos.Compute(old.Spec)))
            errors.Invalid(path, updated.Status.QosClass, "Pod QOS Class may not change as a result of resizing");
        if (!NodeCan(old))
            errors.Forbidden(path, "Pod running on node without support for resize");
        for (var i = 0; i < old.Spec.InitContainers.Count; i++)
            if (PodContainers.IsSidecar(old.Spec.InitContainers[i]))
                NothingRemoved(updated.Spec.InitContainers[i].Resources, old.Spec.InitContainers[i].Resources, path.Child("initContainers").Index(i), errors);
        for (var i = 0; i < old.Spec.Containers.Count; i++)
            NothingRemoved(updated.Spec.Containers[i].Resources, old.Spec.Containers[i].Resources, path.Child("containers").Index(i), errors);
        for (var i = 0; i < old.Spec.Containers.Count; i++)
            if (WithComputeOf(updated.Spec.Containers[i], old.Spec.Containers[i]) != old.Spec.Containers[i])
                errors.Forbidden(path, "only cpu and memory resources are mutable");
        for (var i = 0; i < old.Spec.InitContainers.Count; i++)
        {
            var (now, before) = (updated.Spec.InitContainers[i], old.Spec.InitContainers[i]);
            if (!PodContainers.IsSidecar(before) && now != before)
                errors.Forbidden(path, "resources for non-sidecar init containers are immutable");
            else if (PodContainers.IsSidecar(before) && WithComputeOf(now, before) != before)
                errors.Forbidden(path, "only cpu and memory resources for sidecar containers are mutable");
        }
    }

    // Such refusals are of the whole object.
    public static void Never(string message, FieldErrors errors) => errors.Add(new FieldError(FieldErrorType.Forbidden, "[]", "", message));

    /// <summary>A kubelet that tells what running containers have can change it.</summary>
    private static bool NodeCan(Pod pod)
    {
        foreach (var status in pod.Status.ContainerStatuses)
            if (status.State.Running is not null)
                return status.Resources is not null;
        return true;
    }

    private static void NothingRemoved(ResourceRequirements updated, ResourceRequirements old, FieldPath path, FieldErrors errors)
    {
        if (old.Requests.Any(entry => !updated.Requests.ContainsKey(entry.Key)))
            errors.Forbidden(path.Child("resources").Child("requests"), "resource requests cannot be removed");
        if (old.Limits.Any(entry => !updated.Limits.ContainsKey(entry.Key)))
            errors.Forbidden(path.Child("resources").Child("limits"), "resource limits cannot be removed");
    }

    private static Container WithComputeOf(Container updated, Container old) => updated with
    {
        Resources = updated.Resources with
        {
            Limits = WithComputeOf(updated.Resources.Limits, old.Resources.Limits),
            Requests = WithComputeOf(updated.Resources.Requests, old.Resources.Requests),
        },
        ResizePolicy = old.ResizePolicy,
    };

    private static ApiMap<Quantity> WithComputeOf(ApiMap<Quantity> updated, ApiMap<Quantity> old)
    {
        foreach (var name in new[] { "cpu", "memory" })
            updated = old.TryGetValue(name, out var before) ? updated.With(name, before) : updated.Without(name);
        return updated;
    }
}
