using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges pod templates, alone and against the selector of what makes pods from them.</summary>
internal static class PodTemplateValidation
{
    public const string SelectorMismatch = "`selector` does not match template `labels`";

    public static void Validate(PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        LabelValidation.Labels(template.Metadata.Labels, path.Child("labels"), errors);
        ObjectMetaValidation.Annotations(template.Metadata.Annotations, path.Child("annotations"), errors);
        PodAnnotationValidation.Validate(template.Metadata.Annotations, template.Spec, path.Child("annotations"), errors);
        PodSpecValidation.Validate(template.Spec, null, path.Child("spec"), errors);
        PodAnnotationValidation.MatchFields(template.Metadata.Annotations, template.Spec, path.Child("spec"), errors);
        if (template.Spec.EphemeralContainers.Count > 0)
            errors.Forbidden(path.Child("spec").Child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }

    /// <summary>Templates of what keeps pods running for ever.</summary>
    public static void ValidateForever(PodTemplateSpec template, string kind, FieldPath path, FieldErrors errors)
    {
        Validate(template, path, errors);
        if (template.Spec.RestartPolicy != "Always")
            errors.NotSupported(path.Child("spec").Child("restartPolicy"), template.Spec.RestartPolicy, "Always");
        if (template.Spec.ActiveDeadlineSeconds is not null)
            errors.Forbidden(path.Child("spec").Child("activeDeadlineSeconds"), $"activeDeadlineSeconds in {kind} is not Supported");
    }
}
