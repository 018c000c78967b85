using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Groups of the Kubernetes project itself may only be used with a word about their approval.</summary>
internal static class ApiApproval
{
    public const string Annotation = "api-approved.kubernetes.io";
    public const string Condition = "KubernetesAPIApprovalPolicyConformant";
    private const string See = "see https://github.com/kubernetes/enhancements/pull/1111";

    public static bool IsProtected(string group) =>
        group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);

    public static void Validate(CustomResourceDefinition updated, CustomResourceDefinition? old, FieldErrors errors)
    {
        if (!IsProtected(updated.Spec.Group))
            return;
        var state = StateOf(updated, out var reason);
        if (state is State.Approved or State.Bypassed)
            return;
        // What was wrong before may stay wrong.
        if (old is not null && StateOf(old, out _) == state)
            return;
        var path = new FieldPath("metadata").Child("annotations").Key(Annotation);
        if (state == State.Missing)
            errors.Required(path, reason);
        else
            errors.Invalid(path, updated.Metadata.Annotations.GetValueOrDefault(Annotation), reason);
    }

    /// <summary>The status with the condition that tells of the approval; unchanged for groups that need none.</summary>
    public static CustomResourceDefinitionStatus Judge(CustomResourceDefinition definition, CustomResourceDefinitionStatus status, DateTimeOffset now)
    {
        if (!IsProtected(definition.Spec.Group))
            return status;
        return StateOf(definition, out var reason) switch
        {
            State.Approved => DefinitionNames.With(status, Condition, "True", "ApprovedAnnotation", reason, now),
            State.Bypassed => DefinitionNames.With(status, Condition, "False", "UnapprovedAnnotation", reason, now),
            State.Missing => DefinitionNames.With(status, Condition, "False", "MissingAnnotation", reason, now),
            _ => DefinitionNames.With(status, Condition, "False", "InvalidAnnotation", reason, now),
        };
    }

    private enum State
    {
        Missing,
        Invalid,
        Approved,
        Bypassed,
    }

    private static State StateOf(CustomResourceDefinition definition, out string reason)
    {
        var said = definition.Metadata.Annotations.GetValueOrDefault(Annotation) ?? "";
        if (said.Length == 0)
        {
            reason = $"protected groups must have approval annotation {GoText.Quote(Annotation)}, {See}";
            return State.Missing;
        }

        if (said.StartsWith("unapproved", StringComparison.Ordinal))
        {
            reason = $"not approved: {GoText.Quote(said)}";
            return State.Bypassed;
        }

        if (Uri.TryCreate(said, UriKind.Absolute, out var uri) && uri.Host.Length > 0 && uri.Scheme.Length > 0)
        {
            reason = "approved in " + said;
            return State.Approved;
        }

        reason = $"protected groups must have approval annotation {GoText.Quote(Annotation)} with either a URL or a reason starting with \"unapproved\", {See}";
        return State.Invalid;
    }
}
