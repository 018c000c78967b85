namespace Coxswain.Cli.Settings;

/// <summary>Finds the setting that was probably meant.</summary>
internal static class NearestName
{
    /// <summary>"; did you mean ...?", or nothing when no name is near.</summary>
    public static string Hint(string name)
    {
        var (nearest, distance) = SettingTable.All.Select(s => (s.Name, Distance: Distance(name, s.Name))).MinBy(s => s.Distance);
        return distance <= Math.Max(2, nearest.Length / 3) ? $"; did you mean \"{nearest}\"?" : "";
    }

    /// <summary>How many letters must be put in, taken out or changed (Levenshtein). Case and underscores do not count.</summary>
    internal static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var cost = Fold(from[i - 1]) == Fold(to[j - 1]) ? diagonal : diagonal + 1;
                diagonal = row[j];
                row[j] = Math.Min(cost, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }

    private static char Fold(char c) => c == '_' ? '-' : char.ToLowerInvariant(c);
}
