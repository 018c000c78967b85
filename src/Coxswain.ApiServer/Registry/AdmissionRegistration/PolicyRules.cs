using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Admission.Policies;
using Coxswain.ApiServer.Expressions;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>What validating and mutating policies and their bindings share. Expressions must compile.</summary>
internal static class PolicyRules
{
    /// <summary>What can be changed by a policy on its way in; a deletion brings nothing.</summary>
    private static readonly string[] MutatingOperations = ["*", "CONNECT", "CREATE", "UPDATE"];

    public static MatchResources? Defaulted(MatchResources? match) => match is null ? null : match with
    {
        MatchPolicy = match.MatchPolicy ?? "Equivalent",
        NamespaceSelector = match.NamespaceSelector ?? LabelSelector.Empty,
        ObjectSelector = match.ObjectSelector ?? LabelSelector.Empty,
        ResourceRules = Scoped(match.ResourceRules),
        ExcludeResourceRules = Scoped(match.ExcludeResourceRules),
    };

    public static void FailurePolicy(string? policy, FieldPath path, FieldErrors errors)
    {
        if (policy is null)
            errors.Required(path);
        CommonRules.OptionalOneOf(policy, path, errors, "Fail", "Ignore");
    }

    public static void ParamKind(ParamKind? kind, FieldPath path, FieldErrors errors)
    {
        if (kind is null)
            return;
        ApiVersion(kind.ApiVersion, path.Child("apiVersion"), errors);
        if (kind.Kind.Length == 0)
            errors.Required(path.Child("kind"));
        else if (ValidationRules.Dns1035Label(kind.Kind.ToLowerInvariant()) is { Count: > 0 } messages)
            errors.Invalid(path.Child("kind"), kind.Kind, "may have mixed case, but should otherwise match: " + string.Join(',', messages));
    }

    /// <summary>What a policy is about; without a rule there is nothing to know the types of objects from.</summary>
    public static void MatchConstraints(MatchResources? match, bool mutating, FieldPath path, FieldErrors errors)
    {
        if (match is null)
        {
            errors.Required(path);
            return;
        }

        Matches(match, path, errors);
        if (match.ResourceRules.Count == 0)
            errors.Required(path.Child("resourceRules"));
        if (mutating)
            OnlyMutable(match.ResourceRules, path.Child("resourceRules").Child("operations"), errors);
    }

    public static void Matches(MatchResources? match, FieldPath path, FieldErrors errors)
    {
        if (match is null)
            return;
        if (match.MatchPolicy is null)
            errors.Required(path.Child("matchPolicy"));
        CommonRules.OptionalOneOf(match.MatchPolicy, path.Child("matchPolicy"), errors, "Equivalent", "Exact");
        RequiredSelector(match.NamespaceSelector, path.Child("namespaceSelector"), errors);
        RequiredSelector(match.ObjectSelector, path.Child("objectSelector"), errors);
        Rules(match.ResourceRules, path.Child("resourceRules"), errors);
        Rules(match.ExcludeResourceRules, path.Child("excludeResourceRules"), errors);
    }

    public static void OnlyMutable(ApiList<NamedRuleWithOperations> rules, FieldPath path, FieldErrors errors)
    {
        foreach (var rule in rules)
            foreach (var operation in rule.Operations)
                if (!CommonRules.Contains(MutatingOperations, operation))
                    errors.NotSupported(path, operation, MutatingOperations);
    }

    /// <summary>Variables, and the conditions before them.</summary>
    /// <returns>What the other expressions of the policy may use.</returns>
    public static PolicyExpressions Expressions(
        ParamKind? kind, ApiList<Variable> variables, ApiList<MatchCondition> conditions, FieldPath path, FieldErrors errors)
    {
        WebhookRules.MatchConditions(conditions, AdmissionEnvironment.Create(kind is not null, authorizer: true), path.Child("matchConditions"), errors);
        var compiled = PolicyExpressions.Compile(kind is not null, variables, default);
        Variables(variables, compiled, path.Child("variables"), errors);
        return compiled;
    }

    private static void Variables(ApiList<Variable> variables, PolicyExpressions compiled, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < variables.Count; i++)
        {
            var (variable, at) = (variables[i], path.Index(i));
            if (string.IsNullOrWhiteSpace(variable.Name))
                errors.Required(at.Child("name"), "name is not specified");
            else if (ValidationRules.CIdentifier(variable.Name).Count > 0)
                errors.Invalid(at.Child("name"), variable.Name, "name is not a valid CEL identifier");
            if (Expression(variable.Expression, at.Child("expression"), errors))
                Compiles(compiled.Variables[variable.Name], at.Child("expression"), errors);
        }
    }

    /// <returns>Whether there is one.</returns>
    public static bool Expression(string expression, FieldPath path, FieldErrors errors)
    {
        var there = !string.IsNullOrWhiteSpace(expression);
        if (!there)
            errors.Required(path, "expression is not specified");
        return there;
    }

    public static void Compiles(CompiledExpression expression, FieldPath path, FieldErrors errors)
    {
        if (expression.Error is { } error)
            errors.Invalid(path, expression.Text, error);
    }

    /// <summary>What bindings of both sorts share.</summary>
    public static void Binding(string policy, ParamRef? param, MatchResources? match, FieldErrors errors)
    {
        var path = Paths.Spec.Child("policyName");
        if (policy.Length == 0)
            errors.Required(path);
        else
            errors.Invalid(path, policy, ValidationRules.Dns1123Subdomain(policy));
        ParamRef(param, Paths.Spec.Child("paramRef"), errors);
        Matches(match, Paths.Spec.Child("matchResources"), errors);
    }

    private static ApiList<NamedRuleWithOperations> Scoped(ApiList<NamedRuleWithOperations> rules)
    {
        for (var i = 0; i < rules.Count; i++)
            if (rules[i].Scope is null)
                rules = rules.SetItem(i, rules[i] with { Scope = "*" });
        return rules;
    }

    private static void ApiVersion(string text, FieldPath path, FieldErrors errors)
    {
        if (text.Length == 0)
        {
            errors.Required(path);
            return;
        }

        var parts = text.Split('/');
        if (parts.Length > 2)
        {
            errors.Invalid(path, text, $"unexpected GroupVersion string: {text}");
            return;
        }

        var (group, version) = parts.Length == 2 ? (parts[0], parts[1]) : ("", text);
        if (group.Length > 0 && ValidationRules.Dns1123Subdomain(group) is { Count: > 0 } groupMessages)
            errors.Invalid(path, group, string.Join(',', groupMessages));
        if (version.Length == 0)
            errors.Invalid(path, text, "version must be specified");
        else if (ValidationRules.Dns1035Label(version) is { Count: > 0 } messages)
            errors.Invalid(path, version, string.Join(',', messages));
    }

    private static void RequiredSelector(LabelSelector? selector, FieldPath path, FieldErrors errors)
    {
        if (selector is null)
            errors.Required(path);
        LabelValidation.Selector(selector, path, errors);
    }

    private static void Rules(ApiList<NamedRuleWithOperations> rules, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            var (rule, at) = (rules[i], path.Index(i));
            for (var j = 0; j < rule.ResourceNames.Count; j++)
            {
                var name = rule.ResourceNames[j];
                errors.Invalid(at.Child("resourceNames").Index(j), name, ValidationRules.PathSegmentName(name));
                if (rule.ResourceNames.AsSpan()[..j].Contains(name))
                    errors.Duplicate(at.Child("resourceNames").Index(j), name);
            }

            WebhookRules.Rule(rule.Operations, rule.ApiGroups, rule.ApiVersions, rule.Resources, rule.Scope, at, errors);
        }
    }

    private static void ParamRef(ParamRef? param, FieldPath path, FieldErrors errors)
    {
        const string Exclusive = "name and selector are mutually exclusive";
        if (param is null)
            return;
        if (param.Name.Length > 0)
        {
            errors.Invalid(path.Child("name"), param.Name, ValidationRules.PathSegmentName(param.Name));
            if (param.Selector is not null)
                errors.Forbidden(path.Child("name"), Exclusive);
        }

        if (param.Selector is not null)
        {
            LabelValidation.Selector(param.Selector, path.Child("selector"), errors);
            if (param.Name.Length > 0)
                errors.Forbidden(path.Child("selector"), Exclusive);
        }

        if (param.Name.Length == 0 && param.Selector is null)
            errors.Required(path, "one of name or selector must be specified");
        if (string.IsNullOrEmpty(param.ParameterNotFoundAction))
            errors.Required(path.Child("parameterNotFoundAction"));
        else
            CommonRules.OptionalOneOf(param.ParameterNotFoundAction, path.Child("parameterNotFoundAction"), errors, "Deny", "Allow");
    }
}
