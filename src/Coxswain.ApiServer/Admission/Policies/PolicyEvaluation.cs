using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>One evaluation of a policy: for one request, one binding and one parameter, within one budget. Not safe for concurrent use.</summary>
internal sealed class PolicyEvaluation
{
    private readonly PolicyExpressions expressions;
    private readonly RequestVariables request;
    private readonly CelValue parameter;
    private readonly CelValue variables;
    private readonly CostBudget budget = new();

    /// <param name="parameter">Null where the policy has no parameters.</param>
    public PolicyEvaluation(PolicyExpressions expressions, RequestVariables request, CelValue parameter)
    {
        this.expressions = expressions;
        this.request = request;
        this.parameter = parameter;
        variables = CelValue.Of(new VariableMap(this));
    }

    public CelValue Evaluate(CompiledExpression expression) => expression.Evaluate(Get, budget);

    /// <summary>Whether the policy's own conditions hold. A false one decides, whatever happens to the others.</summary>
    /// <param name="error">Why that is not known; null otherwise.</param>
    public bool ConditionsHold(out string? error)
    {
        error = null;
        foreach (var (_, condition) in expressions.Conditions)
        {
            var value = Evaluate(condition);
            if (value.Kind == CelKind.Bool && !value.AsBool)
            {
                error = null;
                return false;
            }
            if (value.Kind != CelKind.Bool)
                error ??= Failure(condition, value);
        }
        return error is null;
    }

    public static string Failure(CompiledExpression expression, CelValue value) => value.IsError
        ? $"expression '{expression.Text}' resulted in error: {value.AsError}"
        : $"expression '{expression.Text}' resulted in error: cel expression does not evaluate to bool";

    private CelValue Get(string name) => name switch
    {
        "params" => parameter,
        "variables" => variables,
        _ => request.Get(name),
    };

    /// <summary>Variables are evaluated when they are first used, and once.</summary>
    private sealed class VariableMap(PolicyEvaluation evaluation) : CelMap
    {
        private readonly Dictionary<string, CelValue> known = new(StringComparer.Ordinal);

        public override int Count => evaluation.expressions.Variables.Count;

        public override IEnumerable<CelValue> Keys => evaluation.expressions.Variables.Keys.Select(CelValue.Of);

        public override bool TryGet(CelValue key, out CelValue value)
        {
            value = default;
            if (key.Kind != CelKind.String || !evaluation.expressions.Variables.TryGetValue(key.AsString, out var expression))
                return false;
            if (known.TryGetValue(key.AsString, out value))
                return true;
            value = evaluation.Evaluate(expression);
            if (value.IsError)
                value = CelValue.Error($"composited variable \"{key.AsString}\" fails to evaluate: {value.AsError}");
            known[key.AsString] = value;
            return true;
        }
    }
}
