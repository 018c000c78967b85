using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;
using Coxswain.Cel.Syntax;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>Looks for mistakes in a policy's expressions that only show when the types of the objects are known, such as a field that
/// their kind does not have. Policies are accepted all the same: their status tells.</summary>
/// <param name="served">What is served now.</param>
internal sealed class PolicyTypeCheck(Func<IEnumerable<ResourceDescriptor>> served)
{
    /// <summary>As upstream: beyond this many kinds nobody reads the warnings.</summary>
    private const int MaxKinds = 10;

    /// <summary>The warnings, in the order of the expressions.</summary>
    public ApiList<ExpressionWarning> Check(ValidatingAdmissionPolicy policy)
    {
        var kinds = KindsOf(policy.Spec.MatchConstraints);
        var parameters = policy.Spec.ParamKind is { } kind ? TypeOf(kind) : null;
        var warnings = new List<ExpressionWarning>();
        for (var i = 0; i < policy.Spec.Validations.Count; i++)
        {
            var validation = policy.Spec.Validations[i];
            Check(validation.Expression, $"spec.validations[{i}].expression");
            if (validation.MessageExpression.Length > 0)
                Check(validation.MessageExpression, $"spec.validations[{i}].messageExpression");
        }
        return warnings.ToApiList();

        void Check(string expression, string place)
        {
            var found = string.Concat(kinds.Select(form => Problem(policy, form, parameters, expression) is { } problem ? $"{Name(form.Kind)}: {problem}\n" : ""));
            if (found.Length > 0)
                warnings.Add(new ExpressionWarning { FieldRef = place, Warning = found });
        }
    }

    private static string Name(GroupVersionKind kind) => $"{kind.ApiVersion}, Kind={kind.Kind}";

    private static string? Problem(ValidatingAdmissionPolicy policy, ResourceDescriptor form, CelType? parameters, string expression)
    {
        var type = SchemaTypes.Of(form.Schema);
        var names = new Dictionary<string, CelType> { ["object"] = type, ["oldObject"] = type };
        if (parameters is not null)
            names["params"] = parameters;
        var environment = AdmissionEnvironment.Create(policy.Spec.ParamKind is not null, authorizer: true).With(names);
        var variables = new Dictionary<string, CelType>(StringComparer.Ordinal);
        environment = environment.With([KeyValuePair.Create("variables", CelType.Object("kubernetes.variables", variables.GetValueOrDefault))]);
        foreach (var variable in policy.Spec.Variables)
            variables[variable.Name] = CompiledExpression.Compile(environment, variable.Expression).Type;
        try
        {
            environment.Compile(expression);
            return null;
        }
        catch (CelCompileException e)
        {
            return e.Message;
        }
    }

    private List<ResourceDescriptor> KindsOf(MatchResources? match)
    {
        var found = new List<ResourceDescriptor>();
        foreach (var rule in match?.ResourceRules ?? default)
            foreach (var form in served())
                if (found.Count < MaxKinds && !found.Contains(form) && rule.ApiGroups.Contains(form.Kind.Group)
                    && rule.ApiVersions.Contains(form.Kind.Version) && rule.Resources.Contains(form.Plural))
                    found.Add(form);
        return found;
    }

    private CelType? TypeOf(ParamKind kind)
    {
        foreach (var form in served())
            if (form.Kind.ApiVersion == kind.ApiVersion && form.Kind.Kind == kind.Kind)
                return SchemaTypes.Of(form.Schema);
        return null;
    }
}
