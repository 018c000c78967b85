using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>What webhooks of both kinds share.</summary>
internal static class WebhookRules
{
    private static readonly string[] Operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] Scopes = ["*", "Cluster", "Namespaced"];

    /// <summary>One webhook of either kind.</summary>
    public readonly record struct Hook(
        string Name, WebhookClientConfig Client, ApiList<RuleWithOperations> Rules, string? FailurePolicy, string? MatchPolicy, string? SideEffects,
        int? Timeout, ApiList<string> Versions, LabelSelector? Namespaces, LabelSelector? Objects, ApiList<MatchCondition> Conditions, string? Reinvocation);

    public static ApiList<RuleWithOperations> Defaulted(ApiList<RuleWithOperations> rules)
    {
        for (var i = 0; i < rules.Count; i++)
            if (rules[i].Scope is null)
                rules = rules.SetItem(i, rules[i] with { Scope = "*" });
        return rules;
    }

    public static WebhookClientConfig Defaulted(WebhookClientConfig client) =>
        client.Service is { Port: null } service ? client with { Service = service with { Port = 443 } } : client;

    public static void Validate(Hook hook, int index, HashSet<string> names, FieldErrors errors)
    {
        var path = new FieldPath("webhooks").Index(index);
        FullyQualifiedName(hook.Name, path.Child("name"), errors);
        for (var i = 0; i < hook.Rules.Count; i++)
            Rule(hook.Rules[i].Operations, hook.Rules[i].ApiGroups, hook.Rules[i].ApiVersions, hook.Rules[i].Resources, hook.Rules[i].Scope,
                path.Child("rules").Index(i), errors);
        CommonRules.OptionalOneOf(hook.FailurePolicy, path.Child("failurePolicy"), errors, "Fail", "Ignore");
        CommonRules.OptionalOneOf(hook.MatchPolicy, path.Child("matchPolicy"), errors, "Equivalent", "Exact");
        if (hook.SideEffects is null)
            errors.Required(path.Child("sideEffects"), "must specify one of None, NoneOnDryRun");
        else
            CommonRules.OptionalOneOf(hook.SideEffects, path.Child("sideEffects"), errors, "None", "NoneOnDryRun");
        if (hook.Timeout is < 1 or > 30)
            errors.Invalid(path.Child("timeoutSeconds"), hook.Timeout, "the timeout value must be between 1 and 30 seconds");
        LabelValidation.Selector(hook.Namespaces, path.Child("namespaceSelector"), errors);
        LabelValidation.Selector(hook.Objects, path.Child("objectSelector"), errors);
        Client(hook.Client, path.Child("clientConfig"), errors);
        CommonRules.OptionalOneOf(hook.Reinvocation, path.Child("reinvocationPolicy"), errors, "IfNeeded", "Never");
        MatchConditions(hook.Conditions, AdmissionEnvironment.Standard, path.Child("matchConditions"), errors);
        Versions(hook.Versions, path.Child("admissionReviewVersions"), errors);
        if (hook.Name.Length > 0 && !names.Add(hook.Name))
            errors.Duplicate(path.Child("name"), hook.Name);
    }

    public static void Rule(
        ApiList<string> operations, ApiList<string> groups, ApiList<string> versions, ApiList<string> resources, string? scope,
        FieldPath path, FieldErrors errors)
    {
        if (operations.Count == 0)
            errors.Required(path.Child("operations"));
        if (operations.Count > 1 && operations.AsSpan().Contains("*"))
            errors.Invalid(path.Child("operations"), operations, "if '*' is present, must not specify other operations");
        for (var i = 0; i < operations.Count; i++)
            if (!CommonRules.Contains(Operations, operations[i]))
                errors.NotSupported(path.Child("operations").Index(i), operations[i], Operations);
        if (groups.Count == 0)
            errors.Required(path.Child("apiGroups"));
        if (groups.Count > 1 && groups.AsSpan().Contains("*"))
            errors.Invalid(path.Child("apiGroups"), groups, "if '*' is present, must not specify other API groups");
        if (versions.Count == 0)
            errors.Required(path.Child("apiVersions"));
        if (versions.Count > 1 && versions.AsSpan().Contains("*"))
            errors.Invalid(path.Child("apiVersions"), versions, "if '*' is present, must not specify other API versions");
        for (var i = 0; i < versions.Count; i++)
            if (versions[i].Length == 0)
                errors.Required(path.Child("apiVersions").Index(i));
        Resources(resources, path.Child("resources"), errors);
        CommonRules.OptionalOneOf(scope, path.Child("scope"), errors, Scopes);
    }

    private static void Resources(ApiList<string> resources, FieldPath path, FieldErrors errors)
    {
        if (resources.Count == 0)
            errors.Required(path);
        var (wildSubresources, wildResources) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        for (var i = 0; i < resources.Count; i++)
        {
            var name = resources[i];
            if (name.Length == 0)
            {
                errors.Required(path.Index(i));
                continue;
            }

            var slash = name.IndexOf('/', StringComparison.Ordinal);
            if (slash < 0)
                continue;
            var (resource, subresource) = (name[..slash], name[(slash + 1)..]);
            if (wildSubresources.Contains(resource))
                errors.Invalid(path.Index(i), name, $"if '{resource}/*' is present, must not specify {name}");
            if (wildResources.Contains(subresource))
                errors.Invalid(path.Index(i), name, $"if '*/{subresource}' is present, must not specify {name}");
            if (subresource == "*")
                wildSubresources.Add(resource);
            if (resource == "*")
                wildResources.Add(subresource);
        }

        if (resources.Count > 1 && resources.AsSpan().Contains("*/*"))
            errors.Invalid(path, resources, "if '*/*' is present, must not specify other resources");
        // Of the plain names, upstream remembers the last.
        var lastPlain = resources.LastOrDefault(name => name.Length > 0 && !name.Contains('/'));
        if (resources.AsSpan().Contains("*") && lastPlain is not (null or "*"))
            errors.Invalid(path, resources, "if '*' is present, must not specify other resources without subresources");
    }

    /// <param name="environment">What the conditions may use.</param>
    public static void MatchConditions(ApiList<MatchCondition> conditions, CelEnvironment environment, FieldPath path, FieldErrors errors)
    {
        if (conditions.Count > 64)
            errors.TooMany(path, conditions.Count, 64);
        for (var i = 0; i < conditions.Count; i++)
        {
            if (conditions[i].Expression.Trim().Length == 0)
                errors.Required(path.Index(i).Child("expression"));
            else
                PolicyRules.Compiles(CompiledExpression.Compile(environment, conditions[i].Expression, CelType.Bool), path.Index(i).Child("expression"), errors);
            if (conditions[i].Name.Length == 0)
                errors.Required(path.Index(i).Child("name"));
            else
                errors.Invalid(path.Index(i).Child("name"), conditions[i].Name, ValidationRules.QualifiedName(conditions[i].Name));
            for (var j = 0; j < i; j++)
                if (conditions[i].Name.Length > 0 && conditions[j].Name == conditions[i].Name)
                {
                    errors.Duplicate(path.Index(i).Child("name"), conditions[i].Name);
                    break;
                }
        }
    }

    private static void FullyQualifiedName(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (ValidationRules.Dns1123Subdomain(name) is { Count: > 0 } messages)
            errors.Invalid(path, name, string.Join(',', messages));
        else if (name.Split('.').Length < 3)
            errors.Invalid(path, name, "should be a domain with at least three segments separated by dots");
    }

    private static void Client(WebhookClientConfig client, FieldPath path, FieldErrors errors)
    {
        if ((client.Url is null) == (client.Service is null))
            errors.Required(path, "exactly one of url or service is required");
        else if (client.Url is not null)
            Url(client.Url, path.Child("url"), errors);
        else
            Service(client.Service!.Name, client.Service.Namespace, client.Service.Path, client.Service.Port, path.Child("service"), errors);
    }

    public static void Url(string text, FieldPath path, FieldErrors errors)
    {
        const string form = "; desired format: https://host[/path]";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            errors.Required(path, $"url must be a valid URL: {text}{form}");
            return;
        }

        if (url.Scheme != "https")
            errors.Invalid(path, url.Scheme, "'https' is the only allowed URL scheme" + form);
        if (url.Host.Length == 0)
            errors.Invalid(path, url.Host, "host must be specified" + form);
        if (url.UserInfo.Length > 0)
            errors.Invalid(path, url.UserInfo, "user information is not permitted in the URL");
        if (url.Fragment.Length > 0)
            errors.Invalid(path, url.Fragment[1..], "fragments are not permitted in the URL");
        if (url.Query.Length > 0)
            errors.Invalid(path, url.Query[1..], "query parameters are not permitted in the URL");
    }

    public static void Service(string name, string @namespace, string? target, int? port, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
            errors.Required(path.Child("name"), "service name is required");
        if (@namespace.Length == 0)
            errors.Required(path.Child("namespace"), "service namespace is required");
        if (ValidationRules.PortNumber(port ?? 443) is { Count: > 0 } messages)
            errors.Invalid(path.Child("port"), port, "port is not valid: " + string.Join(',', messages));
        if (target is null)
            return;
        if (target.Length == 0 || target[0] != '/')
        {
            errors.Invalid(path.Child("path"), target, "must start with a '/'");
            return;
        }

        var segments = target[1..].Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            if (segments[i].Length == 0 && i == segments.Length - 1)
                break;
            if (segments[i].Length == 0)
                errors.Invalid(path.Child("path"), target, $"segment[{i}] may not be empty");
            else
                foreach (var message in ValidationRules.Dns1123Subdomain(segments[i]))
                    errors.Invalid(path.Child("path"), target, $"segment[{i}]: {message}");
        }
    }

    private static void Versions(ApiList<string> versions, FieldPath path, FieldErrors errors)
    {
        if (versions.Count == 0)
        {
            errors.Required(path, "must specify one of v1, v1beta1");
            return;
        }

        var known = false;
        for (var i = 0; i < versions.Count; i++)
        {
            if (versions.AsSpan()[..i].Contains(versions[i]))
            {
                errors.Invalid(path.Index(i), versions[i], "duplicate version");
                continue;
            }

            if (ValidationRules.Dns1035Label(versions[i]) is { Count: > 0 } messages)
                errors.Invalid(path.Index(i), versions[i], string.Join(',', messages));
            known |= versions[i] is "v1" or "v1beta1";
        }

        if (!known)
            errors.Invalid(path, versions, "must include at least one of v1, v1beta1");
    }
}
