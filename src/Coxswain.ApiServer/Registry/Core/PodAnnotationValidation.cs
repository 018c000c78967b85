using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges the annotations that mean something in a pod or in a template of pods.</summary>
internal static class PodAnnotationValidation
{
    public const string MirrorPod = "kubernetes.io/config.mirror";
    public const string SeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
    public const string SeccompContainer = "container.seccomp.security.alpha.kubernetes.io/";
    public const string AppArmorContainer = "container.apparmor.security.beta.kubernetes.io/";
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    public static void Validate(ApiMap<string> annotations, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (annotations.Count == 0)
            return;
        if (annotations.TryGetValue(MirrorPod, out var mirror) && spec.NodeName.Length == 0)
            errors.Invalid(path.Key(MirrorPod), mirror, "must set spec.nodeName if mirror pod annotation is set");
        if (annotations.TryGetValue(DeletionCost, out var cost) && !IsCost(cost))
            errors.Invalid(path.Key(DeletionCost), cost, "must be a 32bit integer");
        if (annotations.TryGetValue(SeccompPod, out var profile))
            Seccomp(profile, path.Child(SeccompPod), errors);
        foreach (var (name, value) in CommonRules.Sorted(annotations))
            if (name.StartsWith(SeccompContainer, StringComparison.Ordinal))
                Seccomp(value, path.Child(name), errors);
        foreach (var (name, value) in CommonRules.Sorted(annotations))
            if (name.StartsWith(AppArmorContainer, StringComparison.Ordinal))
                AppArmor(name, value, spec, path, errors);
    }

    /// <summary>Where the field says it too, both say the same.</summary>
    public static void MatchFields(ApiMap<string> annotations, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (annotations.Count == 0)
            return;
        if (annotations.TryGetValue(SeccompPod, out var whole))
            SeccompMatches(spec.SecurityContext?.SeccompProfile, whole, path, errors);
        PodContainers.Visit(spec, path, (name, context, at) =>
        {
            if (annotations.TryGetValue(SeccompContainer + name, out var own))
                SeccompMatches(context?.SeccompProfile, own, at, errors);
        });
        if (spec.Os?.Name == "windows")
            return;
        PodContainers.Visit(spec, path, (name, context, at) =>
        {
            if (annotations.TryGetValue(AppArmorContainer + name, out var own)
                && (context?.AppArmorProfile ?? spec.SecurityContext?.AppArmorProfile) is { } profile)
                Same(profile.Type, profile.LocalhostProfile, own,
                    own switch { "runtime/default" => "RuntimeDefault", "unconfined" => "Unconfined", _ => null },
                    at.Child("securityContext").Child("appArmorProfile"), "apparmor", errors);
        });
    }

    private static void SeccompMatches(SeccompProfile? profile, string annotation, FieldPath path, FieldErrors errors)
    {
        if (profile is not null)
            Same(profile.Type, profile.LocalhostProfile, annotation,
                annotation switch { "runtime/default" or "docker/default" => "RuntimeDefault", "unconfined" => "Unconfined", _ => null },
                path.Child("securityContext").Child("seccompProfile"), "seccomp", errors);
    }

    private static void Same(string type, string? file, string annotation, string? annotated, FieldPath path, string what, FieldErrors errors)
    {
        const string local = "localhost/";
        if (type is not ("Localhost" or "RuntimeDefault" or "Unconfined"))
            return;
        if (type == "Localhost" ? !annotation.StartsWith(local, StringComparison.Ordinal) : annotated != type)
            errors.Forbidden(path.Child("type"), $"{what} type in annotation and field must match");
        else if (type == "Localhost" && annotation[local.Length..] != file)
            errors.Forbidden(path.Child("localhostProfile"), $"{what} profile in annotation and field must match");
    }

    private static void Seccomp(string profile, FieldPath path, FieldErrors errors)
    {
        if (profile.StartsWith("localhost/", StringComparison.Ordinal))
            PathRules.LocalDescending(profile["localhost/".Length..], path, errors);
        else if (profile is not ("runtime/default" or "docker/default" or "unconfined"))
            errors.Invalid(path, profile, "must be a valid seccomp profile");
    }

    private static void AppArmor(string annotation, string profile, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var wanted = annotation[AppArmorContainer.Length..];
        var found = false;
        PodContainers.Visit(spec, path, (name, _, _) => found |= name == wanted);
        if (!found)
            errors.Invalid(path.Key(annotation), wanted, "container not found");
        if (profile is not ("" or "runtime/default" or "unconfined") && !profile.StartsWith("localhost/", StringComparison.Ordinal))
            errors.Invalid(path.Key(annotation), profile, $"invalid AppArmor profile name: {GoText.Quote(profile)}");
    }

    private static bool IsCost(string text) => text == "0"
        || (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) && text[0] is not ('0' or '+')
            && !text.StartsWith("-0", StringComparison.Ordinal));
}
