using System.Globalization;
using Coxswain.Api;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>Reads sets of indexes written as "1,3-5".</summary>
internal static class JobIndexes
{
    /// <summary>What is wrong with the text in words, or null.</summary>
    /// <param name="total">How many indexes the text names; 0 where something is wrong.</param>
    public static string? Problem(string text, int completions, out int total)
    {
        total = 0;
        if (text.Length == 0)
            return null;
        var (last, sum) = (-1, 0);
        foreach (var part in text.Split(','))
        {
            if (Interval(part, completions, out var first, out var end) is { } problem)
                return problem;
            if (sum > 0 && last >= first)
                return Order(last, first);
            sum += end - first + 1;
            last = end;
        }

        total = sum;
        return null;
    }

    /// <summary>The first index that both texts name, or null. What cannot be read is passed over.</summary>
    public static int? Overlap(string one, string other, int completions)
    {
        if (one.Length == 0 || other.Length == 0)
            return null;
        var (left, right) = (Intervals(one, completions), Intervals(other, completions));
        for (int i = 0, j = 0; i < left.Count && j < right.Count;)
        {
            var first = Math.Max(left[i].First, right[j].First);
            if (first <= Math.Min(left[i].Last, right[j].Last))
                return first;
            if (left[i].First <= right[j].First)
                i++;
            else
                j++;
        }

        return null;
    }

    private static List<(int First, int Last)> Intervals(string text, int completions)
    {
        var intervals = new List<(int, int)>();
        foreach (var part in text.Split(','))
            if (Interval(part, completions, out var first, out var last) is null)
                intervals.Add((first, last));
        return intervals;
    }

    private static string? Interval(string text, int completions, out int first, out int last)
    {
        var bounds = text.Split('-');
        (first, last) = (0, 0);
        if (bounds.Length > 2)
            return $"the fragment {GoText.Quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'";
        if (Index(bounds[0], completions, out first) is { } problem)
            return problem;
        last = first;
        if (bounds.Length == 1)
            return null;
        return Index(bounds[1], completions, out last) ?? (first >= last ? Order(first, last) : null);
    }

    private static string? Index(string text, int completions, out int index)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index))
            return $"cannot convert string to integer for index: {GoText.Quote(text)}";
        return index >= completions ? $"too large index: {GoText.Quote(text)}" : null;
    }

    private static string Order(int previous, int current) => $"non-increasing order, previous: {previous}, current: {current}";
}
