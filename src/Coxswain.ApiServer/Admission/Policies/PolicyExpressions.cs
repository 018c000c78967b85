using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>What the expressions of a policy share: its environment, its variables and its conditions. Immutable.</summary>
internal sealed class PolicyExpressions
{
    private PolicyExpressions(
        CelEnvironment environment, CelEnvironment messages, IReadOnlyDictionary<string, CompiledExpression> variables,
        IReadOnlyList<(string Name, CompiledExpression Expression)> conditions)
    {
        Environment = environment;
        Messages = messages;
        Variables = variables;
        Conditions = conditions;
    }

    /// <summary>For validations and mutations.</summary>
    public CelEnvironment Environment { get; }

    /// <summary>For message expressions, which cannot ask the authorizer.</summary>
    public CelEnvironment Messages { get; }

    /// <summary>In the order in which they are declared; each sees those before it.</summary>
    public IReadOnlyDictionary<string, CompiledExpression> Variables { get; }

    public IReadOnlyList<(string Name, CompiledExpression Expression)> Conditions { get; }

    public static PolicyExpressions Compile(bool hasParams, ApiList<Variable> variables, ApiList<MatchCondition> conditions)
    {
        var types = new Dictionary<string, CelType>(StringComparer.Ordinal);
        var declared = new[] { KeyValuePair.Create("variables", CelType.Object("kubernetes.variables", types.GetValueOrDefault)) };
        var environment = AdmissionEnvironment.Create(hasParams, authorizer: true);
        // Conditions are judged before the variables are.
        var judged = conditions.Select(condition => (condition.Name, CompiledExpression.Compile(environment, condition.Expression, CelType.Bool))).ToArray();
        environment = environment.With(declared);
        var compiled = new OrderedDictionary<string, CompiledExpression>(StringComparer.Ordinal);
        foreach (var variable in variables)
        {
            var expression = CompiledExpression.Compile(environment, variable.Expression);
            compiled[variable.Name] = expression;
            types[variable.Name] = expression.Type;
        }
        return new(environment, AdmissionEnvironment.Create(hasParams, authorizer: false).With(declared), compiled, judged);
    }
}
