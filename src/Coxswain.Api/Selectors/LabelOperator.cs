namespace Coxswain.Api.Selectors;

/// <summary>What a requirement asks of a label.</summary>
public enum LabelOperator
{
    /// <summary>The label is there and has one of the values.</summary>
    In,

    /// <summary>The label is absent or has none of the values.</summary>
    NotIn,
    Exists,
    DoesNotExist,

    /// <summary>The label is an integer above the value.</summary>
    GreaterThan,

    /// <summary>The label is an integer below the value.</summary>
    LessThan,
}
