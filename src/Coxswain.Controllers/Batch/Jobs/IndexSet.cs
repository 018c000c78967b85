using System.Globalization;
using System.Text;

namespace Coxswain.Controllers;

/// <summary>A set of completion indexes and its text form: <c>0-3,5,7-9</c>.</summary>
internal static class IndexSet
{
    /// <summary>Reads the text; what is at or above <paramref name="completions"/> (the Job was made smaller) or no number is left out.</summary>
    public static SortedSet<int> Parse(string text, int completions)
    {
        var result = new SortedSet<int>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            if (!int.TryParse(dash < 0 ? part : part[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                || !int.TryParse(dash < 0 ? part : part[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last))
                continue;
            for (var i = first; i <= last && i < completions; i++)
                result.Add(i);
        }
        return result;
    }

    public static string Format(SortedSet<int> indexes)
    {
        var text = new StringBuilder();
        int? first = null, last = null;
        foreach (var index in indexes)
        {
            if (last is { } l && index == l + 1)
            {
                last = index;
                continue;
            }
            Append(text, first, last);
            first = last = index;
        }
        Append(text, first, last);
        return text.ToString();
    }

    private static void Append(StringBuilder text, int? first, int? last)
    {
        if (first is null)
            return;
        if (text.Length > 0)
            text.Append(',');
        text.Append(CultureInfo.InvariantCulture, $"{first}");
        if (last > first)
            // Two neighbours are a list, three and more a range.
            text.Append(CultureInfo.InvariantCulture, $"{(last == first + 1 ? ',' : '-')}{last}");
    }
}
