namespace Coxswain.Cel;

/// <summary>One evaluation in progress: its variables and what it has cost so far. Not safe for concurrent use.</summary>
public sealed class CelFrame
{
    private readonly Func<string, CelValue> variables;
    private readonly CelValue[] locals;
    private long left;

    internal CelFrame(Func<string, CelValue> variables, int slots, long costLimit)
    {
        this.variables = variables;
        locals = new CelValue[slots];
        CostLimit = left = costLimit;
    }

    public long CostLimit { get; }

    /// <summary>What was spent: about one for each operation, and more for work that grows with its input.</summary>
    public long Cost => CostLimit - left;

    /// <summary>Spends. A function whose work grows with its input calls it before the work.</summary>
    /// <exception cref="CelCostExceededException">The limit is reached; the evaluation ends.</exception>
    public void Charge(long cost)
    {
        if ((left -= cost) < 0)
            throw new CelCostExceededException();
    }

    internal CelValue Variable(string name) => variables(name);

    internal ref CelValue Local(int slot) => ref locals[slot];
}

/// <summary>An evaluation cost more than it may.</summary>
public sealed class CelCostExceededException() : Exception("operation cancelled: actual cost limit exceeded");
