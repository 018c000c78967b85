using System.Globalization;

namespace Coxswain.Controllers;

/// <summary>Resource versions as numbers, which they are in this API server and upstream's; any other text counts as newest.</summary>
internal static class Versions
{
    public static long Parse(string resourceVersion) =>
        long.TryParse(resourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    /// <summary>Below zero: the first is older.</summary>
    public static int Compare(string resourceVersion, long other) =>
        long.TryParse(resourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version.CompareTo(other) : 1;
}
