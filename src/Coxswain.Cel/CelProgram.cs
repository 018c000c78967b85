using Coxswain.Cel.Planning;

namespace Coxswain.Cel;

/// <summary>A compiled expression. Immutable; many evaluations may run at once.</summary>
public sealed class CelProgram
{
    private readonly Node root;
    private readonly int slots;

    internal CelProgram(string expression, Node root, CelType type, int slots, IReadOnlySet<string> references)
    {
        Expression = expression;
        Type = type;
        References = references;
        this.root = root;
        this.slots = slots;
    }

    public string Expression { get; }

    /// <summary>The type of its results, as far as it is known before.</summary>
    public CelType Type { get; }

    /// <summary>The variables that it names.</summary>
    public IReadOnlySet<string> References { get; }

    /// <summary>Evaluates.</summary>
    /// <param name="variables">The value of a declared variable; asked for whenever the expression names it.</param>
    /// <param name="costLimit">How much work the evaluation may do; see <see cref="CelFrame.Cost"/>.</param>
    /// <param name="cost">What it did.</param>
    /// <returns>The value; an error value when the evaluation failed or cost too much.</returns>
    public CelValue Evaluate(Func<string, CelValue> variables, long costLimit, out long cost)
    {
        ArgumentNullException.ThrowIfNull(variables);
        var frame = new CelFrame(variables, slots, costLimit);
        try
        {
            return root.Evaluate(frame);
        }
        catch (CelCostExceededException e)
        {
            return CelValue.Error(e.Message);
        }
        finally
        {
            cost = frame.Cost;
        }
    }

    /// <inheritdoc cref="Evaluate(Func{string, CelValue}, long, out long)"/>
    public CelValue Evaluate(Func<string, CelValue> variables, long costLimit = 1_000_000) => Evaluate(variables, costLimit, out _);
}
