using System.Globalization;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>A range of ports, both ends included.</summary>
internal readonly record struct PortRange(int First, int Last)
{
    /// <summary>Reads "30000-32767".</summary>
    /// <exception cref="FormatException">It is no such range.</exception>
    public static PortRange Parse(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash > 0
            && int.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first is > 0 and <= 65535 && last >= first && last <= 65535)
            return new PortRange(first, last);
        throw new FormatException($"unable to parse port range: {text}: expected <first>-<last> between 1 and 65535");
    }

    public bool Contains(int port) => port >= First && port <= Last;

    public override string ToString() => $"{First}-{Last}";
}
