namespace Coxswain.Cel.Syntax;

/// <summary>One thing wrong with an expression, and where.</summary>
/// <param name="Offset">UTF-16 offset into the expression.</param>
public readonly record struct CelIssue(int Offset, string Message)
{
    /// <summary>The issue with its line under it and a mark below the place, as users of CEL know it.</summary>
    public string Describe(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        var offset = Math.Clamp(Offset, 0, expression.Length);
        var start = offset == 0 ? 0 : expression.LastIndexOf('\n', offset - 1) + 1;
        var end = expression.IndexOf('\n', offset);
        var line = expression.AsSpan(start, (end < 0 ? expression.Length : end) - start);
        var number = 1 + expression.AsSpan(0, start).Count('\n');
        var column = offset - start;
        return $"ERROR: <input>:{number}:{column + 1}: {Message}\n | {line}\n | {new string('.', column)}^";
    }
}

/// <summary>An expression that does not compile.</summary>
public sealed class CelCompileException(string expression, IReadOnlyList<CelIssue> issues)
    : Exception(string.Join('\n', issues.Select(issue => issue.Describe(expression))))
{
    public IReadOnlyList<CelIssue> Issues { get; } = issues;
}
