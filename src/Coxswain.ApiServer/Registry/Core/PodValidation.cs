using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges pods: new ones, changed ones, and changes of their status.</summary>
internal static class PodValidation
{
    private const string MirrorPod = "kubernetes.io/config.mirror";
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";
    private const string Updatable = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

    public static void Create(Pod pod, FieldErrors errors)
    {
        MetadataAndSpec(pod, errors);
        if (pod.Spec.NodeName.Length > 0 && pod.Spec.SchedulingGates.Count > 0)
            errors.Forbidden(Paths.Spec.Child("nodeName"), "cannot be set until all schedulingGates have been cleared");
    }

    public static void MetadataAndSpec(Pod pod, FieldErrors errors)
    {
        ObjectMetaValidation.Validate(pod.Metadata, namespaced: true, NameRules.DnsSubdomain, Paths.Metadata, errors);
        ObjectMetaValidation.BuiltInFinalizers(pod.Metadata, Paths.Metadata, errors);
        Annotations(pod, Paths.Metadata.Child("annotations"), errors);
        PodSpecValidation.Validate(pod.Spec, pod.Metadata, Paths.Spec, errors);
        if (pod.Spec.ServiceAccountName.Length == 0)
            NoTokensWithoutAccount(pod.Spec.Volumes, errors);
        for (var i = 0; i < pod.Spec.Containers.Count; i++)
            ContainerValidation.ImageHasNoSpace(pod.Spec.Containers[i].Image, Paths.Spec.Child("containers").Index(i).Child("image"), errors);
        for (var i = 0; i < pod.Spec.InitContainers.Count; i++)
            ContainerValidation.ImageHasNoSpace(pod.Spec.InitContainers[i].Image, Paths.Spec.Child("initContainers").Index(i).Child("image"), errors);
    }

    public static void Update(Pod updated, Pod old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        MetadataAndSpec(updated, errors);
        AnnotationUpdate(updated, old, errors);
        if (!Images(updated.Spec.Containers, old.Spec.Containers, Paths.Spec.Child("containers"), errors)
            || !Images(updated.Spec.InitContainers, old.Spec.InitContainers, Paths.Spec.Child("initContainers"), errors)
            || !Deadline(updated.Spec.ActiveDeadlineSeconds, old.Spec.ActiveDeadlineSeconds, errors))
            return;
        Tolerations(updated.Spec.Tolerations, old.Spec.Tolerations, errors);
        Gates(updated.Spec.SchedulingGates, old.Spec.SchedulingGates, errors);
        if (updated.Spec == old.Spec)
            return;
        if (PodQos.Compute(updated.Spec) != PodQos.Compute(old.Spec))
            errors.Invalid(Paths.Metadata, updated.Status.QosClass, "Pod QoS is immutable");
        if (WithMutableFieldsOf(updated.Spec, old.Spec) != old.Spec)
            errors.Forbidden(Paths.Spec, Updatable);
    }

    public static void Status(Pod updated, Pod old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        AnnotationUpdate(updated, old, errors);
        var (status, path) = (updated.Status, Paths.Status);
        for (var i = 0; i < status.Conditions.Count; i++)
            errors.Invalid(path.Child("conditions").Index(i).Child("Type"), status.Conditions[i].Type,
                ValidationRules.QualifiedName(status.Conditions[i].Type));
        if (status.NominatedNodeName.Length > 0)
            errors.Invalid(path.Child("nominatedNodeName"), status.NominatedNodeName, ValidationRules.Dns1123Subdomain(status.NominatedNodeName));
        StateTransitions(status.ContainerStatuses, old.Status.ContainerStatuses, path.Child("containerStatuses"), updated.Spec, errors);
        StateTransitions(status.InitContainerStatuses, old.Status.InitContainerStatuses, path.Child("initContainerStatuses"), updated.Spec, errors);
        for (var i = 0; i < status.PodIPs.Count; i++)
            PodSpecValidation.IPAddress(status.PodIPs[i].Ip, path.Child("podIPs").Index(i), errors);
    }

    public static void EphemeralContainers(Pod updated, Pod old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        MetadataAndSpec(updated, errors);
        AnnotationUpdate(updated, old, errors);
        var path = Paths.Spec.Child("ephemeralContainers");
        if (old.Metadata.Annotations.ContainsKey(MirrorPod))
        {
            errors.Forbidden(path, "static pods do not support ephemeral containers");
            return;
        }

        foreach (var container in old.Spec.EphemeralContainers)
        {
            EphemeralContainer? now = null;
            foreach (var candidate in updated.Spec.EphemeralContainers)
                if (candidate.Name == container.Name)
                    now = candidate;
            if (now is null)
                errors.Forbidden(path, $"existing ephemeral containers {GoText.Quote(container.Name)} may not be removed\n");
            else if (now != container)
                errors.Forbidden(path, $"existing ephemeral containers {GoText.Quote(container.Name)} may not be changed\n");
        }
    }

    public static void Resize(Pod updated, Pod old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        MetadataAndSpec(updated, errors);
        if (old.Metadata.Annotations.ContainsKey(MirrorPod))
            errors.Forbidden(Paths.Spec, "static pods cannot be resized");
        if (PodQos.Compute(updated.Spec) != (old.Status.QosClass.Length > 0 ? old.Status.QosClass : PodQos.Compute(old.Spec)))
            errors.Invalid(Paths.Spec, updated.Status.QosClass, "Pod QOS Class may not change as a result of resizing");
        NoRemovedResources(updated.Spec.Containers, old.Spec.Containers, Paths.Spec.Child("containers"), errors);
        NoRemovedResources(updated.Spec.InitContainers, old.Spec.InitContainers, Paths.Spec.Child("initContainers"), errors);
    }

    private static void NoRemovedResources(ApiList<Container> updated, ApiList<Container> old, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < updated.Count && i < old.Count; i++)
        {
            var (now, before) = (updated[i].Resources, old[i].Resources);
            var at = path.Index(i).Child("resources");
            foreach (var (name, _) in CommonRules.Sorted(before.Limits))
                if (!now.Limits.ContainsKey(name))
                    errors.Forbidden(at.Child("limits"), "resource limits cannot be removed");
            foreach (var (name, _) in CommonRules.Sorted(before.Requests))
                if (!now.Requests.ContainsKey(name))
                    errors.Forbidden(at.Child("requests"), "resource requests cannot be removed");
            OnlyCpuAndMemory(now.Limits, before.Limits, at, errors);
            OnlyCpuAndMemory(now.Requests, before.Requests, at, errors);
        }
    }

    private static void OnlyCpuAndMemory(ApiMap<Quantity> updated, ApiMap<Quantity> old, FieldPath path, FieldErrors errors)
    {
        foreach (var (name, quantity) in CommonRules.Sorted(updated))
            if (name is not ("cpu" or "memory") && (!old.TryGetValue(name, out var before) || before != quantity))
            {
                errors.Forbidden(Paths.Spec, "only cpu and memory resources are mutable");
                return;
            }
    }

    private static void Annotations(Pod pod, FieldPath path, FieldErrors errors)
    {
        var annotations = pod.Metadata.Annotations;
        if (annotations.Count == 0)
            return;
        if (annotations.TryGetValue(MirrorPod, out var mirror) && pod.Spec.NodeName.Length == 0)
            errors.Invalid(path.Key(MirrorPod), mirror, "must set spec.nodeName if mirror pod annotation is set");
        if (annotations.TryGetValue(DeletionCost, out var cost) && !IsCost(cost))
            errors.Invalid(path.Key(DeletionCost), cost, "must be a 32bit integer");
    }

    private static bool IsCost(string text) => text == "0"
        || (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) && text[0] is not ('0' or '+')
            && !text.StartsWith("-0", StringComparison.Ordinal));

    private static void AnnotationUpdate(Pod updated, Pod old, FieldErrors errors)
    {
        var (now, before) = (updated.Metadata.Annotations.GetValueOrDefault(MirrorPod), old.Metadata.Annotations.GetValueOrDefault(MirrorPod));
        if (now == before)
            return;
        var path = Paths.Metadata.Child("annotations").Key(MirrorPod);
        if (before is null)
            errors.Forbidden(path, "may not add mirror pod annotation");
        else
            errors.Forbidden(path, "may not update mirror pod annotation");
    }

    private static void NoTokensWithoutAccount(ApiList<Volume> volumes, FieldErrors errors)
    {
        for (var i = 0; i < volumes.Count; i++)
            if (volumes[i].Projected is { } projected)
                for (var j = 0; j < projected.Sources.Count; j++)
                    if (projected.Sources[j].ServiceAccountToken is not null)
                        errors.Forbidden(
                            Paths.Spec.Child("volumes").Index(i).Child("projected").Child("sources").Index(j).Child("serviceAccountToken"),
                            "must not be specified when serviceAccountName is not set");
    }

    /// <summary>False when nothing after this makes sense.</summary>
    private static bool Images(ApiList<Container> updated, ApiList<Container> old, FieldPath path, FieldErrors errors)
    {
        if (updated.Count != old.Count)
        {
            errors.Forbidden(path, "pod updates may not add or remove containers");
            return false;
        }

        for (var i = 0; i < updated.Count; i++)
            if (updated[i].Image.Length == 0)
                errors.Required(path.Index(i).Child("image"));
        return true;
    }

    private static bool Deadline(long? updated, long? old, FieldErrors errors)
    {
        var path = Paths.Spec.Child("activeDeadlineSeconds");
        if (updated is null)
        {
            if (old is not null)
                errors.Invalid(path, "null", "must not update from a positive integer to nil value");
            return true;
        }

        if (updated is < 0 or > int.MaxValue)
        {
            errors.Invalid(path, updated, ValidationRules.InRange(updated.Value, 0, int.MaxValue));
            return false;
        }

        if (old >= updated || old is null)
            return true;
        errors.Invalid(path, updated, "must be less than or equal to previous value");
        return false;
    }

    private static void Tolerations(ApiList<Toleration> updated, ApiList<Toleration> old, FieldErrors errors)
    {
        foreach (var before in old)
        {
            var found = false;
            foreach (var now in updated)
                found |= now with { TolerationSeconds = before.TolerationSeconds } == before;
            if (!found)
            {
                errors.Forbidden(Paths.Spec.Child("tolerations"), "existing toleration can not be modified except its tolerationSeconds");
                return;
            }
        }
    }

    private static void Gates(ApiList<PodSchedulingGate> updated, ApiList<PodSchedulingGate> old, FieldErrors errors)
    {
        for (var i = 0; i < updated.Count; i++)
            if (!old.AsSpan().Contains(updated[i]))
                errors.Forbidden(Paths.Spec.Child("schedulingGates").Index(i),
                    $"only deletion is allowed, but found new scheduling gate '{updated[i].Name}'");
    }

    /// <summary>The updated spec with every field that may change as it was.</summary>
    private static PodSpec WithMutableFieldsOf(PodSpec updated, PodSpec old)
    {
        var spec = updated with
        {
            Containers = WithImagesOf(updated.Containers, old.Containers),
            InitContainers = WithImagesOf(updated.InitContainers, old.InitContainers),
            ActiveDeadlineSeconds = old.ActiveDeadlineSeconds,
            Tolerations = old.Tolerations,
            SchedulingGates = old.SchedulingGates,
        };
        if (old.TerminationGracePeriodSeconds < 0 && updated.TerminationGracePeriodSeconds == 1)
            spec = spec with { TerminationGracePeriodSeconds = old.TerminationGracePeriodSeconds };
        // A pod that is held back may still narrow down where it will go.
        if (old.SchedulingGates.Count > 0 && Narrows(updated, old))
            spec = spec with { NodeSelector = old.NodeSelector, Affinity = old.Affinity };
        return spec;
    }

    private static bool Narrows(PodSpec updated, PodSpec old)
    {
        foreach (var (key, value) in old.NodeSelector)
            if (!updated.NodeSelector.TryGetValue(key, out var now) || now != value)
                return false;
        if (updated.Affinity == old.Affinity)
            return true;
        var (now2, before) = (updated.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution,
            old.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution);
        if (before is null)
            return updated.Affinity?.PodAffinity == old.Affinity?.PodAffinity && updated.Affinity?.PodAntiAffinity == old.Affinity?.PodAntiAffinity;
        if (now2 is null || now2.NodeSelectorTerms.Count != before.NodeSelectorTerms.Count)
            return false;
        for (var i = 0; i < before.NodeSelectorTerms.Count; i++)
        {
            foreach (var expression in before.NodeSelectorTerms[i].MatchExpressions)
                if (!now2.NodeSelectorTerms[i].MatchExpressions.AsSpan().Contains(expression))
                    return false;
            foreach (var field in before.NodeSelectorTerms[i].MatchFields)
                if (!now2.NodeSelectorTerms[i].MatchFields.AsSpan().Contains(field))
                    return false;
        }

        return true;
    }

    private static ApiList<Container> WithImagesOf(ApiList<Container> updated, ApiList<Container> old)
    {
        for (var i = 0; i < updated.Count; i++)
            if (updated[i].Image != old[i].Image)
                updated = updated.SetItem(i, updated[i] with { Image = old[i].Image });
        return updated;
    }

    private static void StateTransitions(
        ApiList<ContainerStatus> updated, ApiList<ContainerStatus> old, FieldPath path, PodSpec spec, FieldErrors errors)
    {
        if (spec.RestartPolicy == "Always")
            return;
        for (var i = 0; i < old.Count; i++)
        {
            if (old[i].State.Terminated is not { } ended || (ended.ExitCode != 0 && spec.RestartPolicy == "OnFailure") || IsSidecar(spec, old[i].Name))
                continue;
            foreach (var now in updated)
                if (now.Name == old[i].Name && now.State.Terminated is null)
                    errors.Forbidden(path.Index(i).Child("state"), "may not be transitioned to non-terminated state");
        }

        static bool IsSidecar(PodSpec spec, string name)
        {
            foreach (var container in spec.InitContainers)
                if (container.Name == name && container.RestartPolicy == "Always")
                    return true;
            return false;
        }
    }
}
