using System.Globalization;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Which of two versions comes first: released ones before betas before alphas, greater numbers before smaller ones, other
/// texts last and by the alphabet.</summary>
internal sealed class ApiVersionOrder : IComparer<string>
{
    public static ApiVersionOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (Parse(x!), Parse(y!));
        if (left is null || right is null)
            return left is not null ? -1 : right is not null ? 1 : string.CompareOrdinal(x, y);
        var order = right.Value.Stage.CompareTo(left.Value.Stage);
        if (order == 0)
            order = right.Value.Major.CompareTo(left.Value.Major);
        return order == 0 ? right.Value.Minor.CompareTo(left.Value.Minor) : order;
    }

    /// <summary>v1 is (2, 1, 0), v2beta3 is (1, 2, 3), v1alpha1 is (0, 1, 1).</summary>
    private static (int Stage, long Major, long Minor)? Parse(string text)
    {
        if (text is not ['v', ..])
            return null;
        var stage = text.IndexOf("beta", StringComparison.Ordinal) is > 0 and var beta ? (1, beta, 4)
            : text.IndexOf("alpha", StringComparison.Ordinal) is > 0 and var alpha ? (0, alpha, 5)
            : (2, text.Length, 0);
        if (!Number(text.AsSpan(1, stage.Item2 - 1), out var major))
            return null;
        if (stage.Item1 == 2)
            return (2, major, 0);
        return Number(text.AsSpan(stage.Item2 + stage.Item3), out var minor) ? (stage.Item1, major, minor) : null;
    }

    private static bool Number(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0 && text[0] != '0';
}
