using Coxswain.Api;
using Coxswain.Api.FlowControl.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.FlowControl;

/// <summary>Judges which requests, of whom, a flow schema is about.</summary>
internal static class FlowRules
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

    public static void Validate(PolicyRulesWithSubjects rule, FieldPath path, FieldErrors errors)
    {
        if (rule.Subjects.Count == 0)
            errors.Required(path.Child("subjects"), "subjects must contain at least one value");
        for (var i = 0; i < rule.Subjects.Count; i++)
            Subject(rule.Subjects[i], path.Child("subjects").Index(i), errors);
        if (rule.ResourceRules.Count == 0 && rule.NonResourceRules.Count == 0)
            errors.Required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
        for (var i = 0; i < rule.ResourceRules.Count; i++)
            ResourceRule(rule.ResourceRules[i], path.Child("resourceRules").Index(i), errors);
        for (var i = 0; i < rule.NonResourceRules.Count; i++)
            NonResourceRule(rule.NonResourceRules[i], path.Child("nonResourceRules").Index(i), errors);
    }

    /// <summary>The types of conditions, each once.</summary>
    public static void Conditions(ApiList<string> types, FieldErrors errors)
    {
        for (var i = 0; i < types.Count; i++)
        {
            var path = Paths.Status.Child("conditions").Index(i).Child("type");
            if (types.AsSpan()[..i].Contains(types[i]))
                errors.Duplicate(path, types[i]);
            if (types[i].Length == 0)
                errors.Required(path, "must not be empty");
        }
    }

    private static void Subject(Subject subject, FieldPath path, FieldErrors errors)
    {
        switch (subject.Kind)
        {
            case "ServiceAccount":
                if (subject.ServiceAccount is { } account)
                    Account(account, path.Child("serviceAccount"), errors);
                else
                    errors.Required(path.Child("serviceAccount"), "serviceAccount is required when subject kind is 'ServiceAccount'");
                break;
            case "User":
                Named(subject.User?.Name, "user", "User");
                break;
            case "Group":
                Named(subject.Group?.Name, "group", "Group");
                break;
            default:
                errors.NotSupported(path.Child("kind"), subject.Kind, "Group", "ServiceAccount", "User");
                return;
        }

        Absent(subject.ServiceAccount is null, "serviceAccount", "ServiceAccount");
        Absent(subject.User is null, "user", "User");
        Absent(subject.Group is null, "group", "Group");

        void Named(string? name, string field, string kind)
        {
            if (name is null)
                errors.Required(path.Child(field), $"{field} is required when subject kind is '{kind}'");
            else if (name.Length == 0)
                errors.Required(path.Child(field).Child("name"));
        }

        void Absent(bool absent, string field, string kind)
        {
            if (!absent && subject.Kind != kind)
                errors.Forbidden(path.Child(field), $"{field} is forbidden when subject kind is not '{kind}'");
        }
    }

    private static void Account(ServiceAccountSubject account, FieldPath path, FieldErrors errors)
    {
        if (account.Name.Length == 0)
            errors.Required(path.Child("name"));
        else if (account.Name != "*")
            errors.Invalid(path.Child("name"), account.Name, ValidationRules.Dns1123Subdomain(account.Name));
        if (account.Namespace.Length == 0)
            errors.Required(path.Child("namespace"), "must specify namespace for service account");
        else
            errors.Invalid(path.Child("namespace"), account.Namespace, ValidationRules.Dns1123Label(account.Namespace));
    }

    private static void ResourceRule(ResourcePolicyRule rule, FieldPath path, FieldErrors errors)
    {
        CheckVerbs(rule.Verbs, path.Child("verbs"), errors);
        if (rule.ApiGroups.Count == 0)
            errors.Required(path.Child("apiGroups"), "resource rules must supply at least one api group");
        Alone(rule.ApiGroups, "api groups", path.Child("apiGroups"), errors);
        if (rule.Resources.Count == 0)
            errors.Required(path.Child("resources"), "resource rules must supply at least one resource");
        Alone(rule.Resources, "resources", path.Child("resources"), errors);
        var namespaces = path.Child("namespaces");
        if (rule.Namespaces.Count == 0 && !rule.ClusterScope)
            errors.Required(namespaces, "resource rules that are not cluster scoped must supply at least one namespace");
        if (Alone(rule.Namespaces, "namespaces", namespaces, errors))
            return;
        for (var i = 0; i < rule.Namespaces.Count; i++)
            foreach (var message in ValidationRules.Dns1123Label(rule.Namespaces[i]))
                errors.Invalid(namespaces.Index(i), rule.Namespaces[i], "each member of this list must be '*' or a DNS-1123 label; " + message);
    }

    private static void NonResourceRule(NonResourcePolicyRule rule, FieldPath path, FieldErrors errors)
    {
        CheckVerbs(rule.Verbs, path.Child("verbs"), errors);
        var urls = path.Child("nonResourceURLs");
        if (rule.NonResourceURLs.Count == 0)
            errors.Required(urls, "nonResourceURLs must contain at least one value");
        if (Alone(rule.NonResourceURLs, "non-resource URLs", urls, errors))
            return;
        for (var i = 0; i < rule.NonResourceURLs.Count; i++)
            if (UrlProblem(rule.NonResourceURLs[i]) is { } problem)
                errors.Invalid(urls.Index(i), rule.NonResourceURLs[i], problem);
    }

    private static void CheckVerbs(ApiList<string> verbs, FieldPath path, FieldErrors errors)
    {
        if (verbs.Count == 0)
            errors.Required(path, "verbs must contain at least one value");
        else if (!Alone(verbs, "verbs", path, errors) && verbs.Any(verb => !CommonRules.Contains(Verbs, verb)))
            errors.NotSupported(path, verbs, Verbs);
    }

    /// <summary>Whether the asterisk is there, which then must be all.</summary>
    private static bool Alone(ApiList<string> values, string what, FieldPath path, FieldErrors errors)
    {
        if (!values.AsSpan().Contains("*"))
            return false;
        if (values.Count > 1)
            errors.Invalid(path, values, $"if '*' is present, must not specify other {what}");
        return true;
    }

    private static string? UrlProblem(string url)
    {
        if (url.Length == 0)
            return "must not be empty";
        if (url == "/")
            return null;
        if (url[0] != '/')
            return "must start with slash";
        if (url.Contains(' '))
            return "must not contain white-space";
        if (url.Contains("//", StringComparison.Ordinal))
            return "must not contain double slash";
        var wild = url.IndexOf('*', StringComparison.Ordinal);
        return wild < 0 || (wild == url.Length - 1 && url[^2] == '/') ? null : "wildcard can only do suffix matching";
    }
}
