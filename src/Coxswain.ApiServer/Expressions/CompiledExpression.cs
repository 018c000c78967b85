using Coxswain.Cel;
using Coxswain.Cel.Syntax;

namespace Coxswain.ApiServer.Expressions;

/// <summary>An expression of an object of the API: ready to be evaluated, or what is wrong with it.</summary>
internal sealed class CompiledExpression
{
    private CompiledExpression(string text, CelProgram? program, string? error)
    {
        Text = text;
        Program = program;
        Error = error;
    }

    public string Text { get; }

    /// <summary>Null: there is an error.</summary>
    public CelProgram? Program { get; }

    /// <summary>In upstream's words; null: it compiles.</summary>
    public string? Error { get; }

    /// <summary>The type of the results; dyn where there is an error.</summary>
    public CelType Type => Program?.Type ?? CelType.Dyn;

    /// <param name="results">What it may evaluate to; none: anything.</param>
    public static CompiledExpression Compile(CelEnvironment environment, string text, params ReadOnlySpan<CelType> results)
    {
        try
        {
            var program = environment.Compile(text);
            if (results.IsEmpty || program.Type.Kind == CelTypeKind.Dyn)
                return new(text, program, null);
            foreach (var result in results)
                if (program.Type.Kind == result.Kind && (result.Parameters.Count == 0 || program.Type.Equals(result) || program.Type.Parameters[0].Kind == CelTypeKind.Dyn))
                    return new(text, program, null);
            return new(text, null, results.Length == 1
                ? $"must evaluate to {results[0]}"
                : $"must evaluate to one of {string.Join(", ", results.ToArray().Select(result => result.ToString()))}");
        }
        catch (CelCompileException e)
        {
            return new(text, null, "compilation failed: " + e.Message);
        }
    }

    /// <summary>Evaluates at the cost of a budget that several expressions share.</summary>
    /// <returns>An error value when it does not compile, fails, or costs too much.</returns>
    public CelValue Evaluate(Func<string, CelValue> variables, CostBudget budget)
    {
        if (Program is null)
            return CelValue.Error(Error!);
        if (budget.Left <= 0)
            return CelValue.Error("validation failed due to running out of cost budget, no further validation rules will be run");
        var value = Program.Evaluate(variables, Math.Min(budget.Left, KubernetesLibrary.PerCallLimit), out var cost);
        budget.Left -= cost;
        return value;
    }
}

/// <summary>What expressions may cost together.</summary>
internal sealed class CostBudget(long limit = KubernetesLibrary.TotalLimit)
{
    public long Left { get; set; } = limit;
}
