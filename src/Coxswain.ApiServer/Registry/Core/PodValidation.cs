using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges pods: new ones, changed ones, and changes of their status.</summary>
internal static class PodValidation
{
    private const string MirrorPod = PodAnnotationValidation.MirrorPod;
    private const string Updatable = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

    public static void Create(Pod pod, FieldErrors errors)
    {
        MetadataAndSpec(pod, errors);
        if (pod.Spec.NodeName.Length > 0 && pod.Spec.SchedulingGates.Count > 0)
            errors.Forbidden(Paths.Spec.Child("nodeName"), "cannot be set until all schedulingGates have been cleared");
        PodAnnotationValidation.MatchFields(pod.Metadata.Annotations, pod.Spec, Paths.Spec, errors);
    }

    public static void MetadataAndSpec(Pod pod, FieldErrors errors)
    {
        ObjectMetaValidation.Validate(pod.Metadata, namespaced: true, NameRules.DnsSubdomain, Paths.Metadata, errors);
        ObjectMetaValidation.BuiltInFinalizers(pod.Metadata, Paths.Metadata, errors);
        PodAnnotationValidation.Validate(pod.Metadata.Annotations, pod.Spec, Paths.Metadata.Child("annotations"), errors);
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
        // A pod that is held back may still narrow down where it will go.
        var comparable = old.Spec.SchedulingGates.Count > 0 ? GatedPodValidation.Narrowed(updated.Spec, old.Spec, errors) : updated.Spec;
        if (WithMutableFieldsOf(comparable, old.Spec) != old.Spec)
            errors.Forbidden(Paths.Spec, Updatable);
    }

    public static void Status(Pod updated, Pod old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        AnnotationUpdate(updated, old, errors);
        PodStatusValidation.Validate(updated, old, errors);
    }

    public static void EphemeralContainers(Pod updated, Pod old, FieldErrors errors)
    {
        ObjectMetaValidation.ValidateUpdate(updated.Metadata, old.Metadata, Paths.Metadata, errors);
        MetadataAndSpec(updated, errors);
        AnnotationUpdate(updated, old, errors);
        var path = Paths.Spec.Child("ephemeralContainers");
        if (old.Metadata.Annotations.ContainsKey(MirrorPod))
        {
            PodResizeValidation.Never("static pods do not support ephemeral containers", errors);
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
        {
            if (updated[i].Image.Length == 0)
                errors.Required(path.Index(i).Child("image"));
            ContainerValidation.ImageHasNoSpace(updated[i].Image, path.Index(i).Child("image"), errors);
        }

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

        SchedulingValidation.Tolerations(updated, Paths.Spec.Child("tolerations"), errors);
    }

    private static void Gates(ApiList<PodSchedulingGate> updated, ApiList<PodSchedulingGate> old, FieldErrors errors)
    {
        for (var i = 0; i < updated.Count; i++)
            if (!old.AsSpan().Contains(updated[i]))
                errors.Forbidden(Paths.Spec.Child("schedulingGates").Index(i).Child("name"),
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
        return spec;
    }

    private static ApiList<Container> WithImagesOf(ApiList<Container> updated, ApiList<Container> old)
    {
        for (var i = 0; i < updated.Count; i++)
            if (updated[i].Image != old[i].Image)
                updated = updated.SetItem(i, updated[i] with { Image = old[i].Image });
        return updated;
    }
}
