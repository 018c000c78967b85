using Coxswain.Api;
using Coxswain.Api.Rbac.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Rbac;

/// <summary>What roles and bindings of both scopes share.</summary>
internal static class RbacRules
{
    public const string Group = "rbac.authorization.k8s.io";

    public static void Rules(ApiList<PolicyRule> rules, bool namespaced, FieldErrors errors)
    {
        FieldPath path = "rules";
        for (var i = 0; i < rules.Count; i++)
        {
            var (rule, at) = (rules[i], path.Index(i));
            if (rule.Verbs.Count == 0)
                errors.Required(at.Child("verbs"), "verbs must contain at least one value");
            if (rule.NonResourceURLs.Count > 0)
            {
                if (namespaced)
                    errors.Invalid(at.Child("nonResourceURLs"), rule.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
                if (rule.ApiGroups.Count > 0 || rule.Resources.Count > 0 || rule.ResourceNames.Count > 0)
                    errors.Invalid(at.Child("nonResourceURLs"), rule.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
                continue;
            }

            if (rule.ApiGroups.Count == 0)
                errors.Required(at.Child("apiGroups"), "resource rules must supply at least one api group");
            if (rule.Resources.Count == 0)
                errors.Required(at.Child("resources"), "resource rules must supply at least one resource");
        }
    }

    public static void Binding(RoleRef role, ApiList<Subject> subjects, bool namespaced, FieldErrors errors)
    {
        FieldPath path = "roleRef";
        if (role.ApiGroup != Group)
            errors.NotSupported(path.Child("apiGroup"), role.ApiGroup, Group);
        if (namespaced ? role.Kind is not ("Role" or "ClusterRole") : role.Kind != "ClusterRole")
            errors.NotSupported(path.Child("kind"), role.Kind, namespaced ? ["Role", "ClusterRole"] : (string[])["ClusterRole"]);
        if (role.Name.Length == 0)
            errors.Required(path.Child("name"));
        else
            errors.Invalid(path.Child("name"), role.Name, ValidationRules.PathSegmentName(role.Name));
        for (var i = 0; i < subjects.Count; i++)
            Subject(subjects[i], namespaced, new FieldPath("subjects").Index(i), errors);
    }

    public static RoleRef Defaulted(RoleRef role) => role.ApiGroup.Length > 0 ? role : role with { ApiGroup = Group };

    public static ApiList<Subject> Defaulted(ApiList<Subject> subjects)
    {
        for (var i = 0; i < subjects.Count; i++)
            if (subjects[i] is { ApiGroup.Length: 0, Kind: "User" or "Group" })
                subjects = subjects.SetItem(i, subjects[i] with { ApiGroup = Group });
        return subjects;
    }

    private static void Subject(Subject subject, bool namespaced, FieldPath path, FieldErrors errors)
    {
        if (subject.Name.Length == 0)
            errors.Required(path.Child("name"));
        switch (subject.Kind)
        {
            case "ServiceAccount":
                if (subject.Name.Length > 0)
                    errors.Invalid(path.Child("name"), subject.Name, ValidationRules.Dns1123Subdomain(subject.Name));
                if (subject.ApiGroup.Length > 0)
                    errors.NotSupported(path.Child("apiGroup"), subject.ApiGroup, "");
                if (!namespaced && subject.Namespace.Length == 0)
                    errors.Required(path.Child("namespace"));
                break;
            case "User" or "Group":
                if (subject.ApiGroup != Group)
                    errors.NotSupported(path.Child("apiGroup"), subject.ApiGroup, Group);
                break;
            default:
                errors.NotSupported(path.Child("kind"), subject.Kind, "ServiceAccount", "User", "Group");
                break;
        }
    }
}
