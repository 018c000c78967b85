using System.Globalization;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>A range of ports, both ends included.</summary>
internal readonly record struct PortRange(int First, int Last)
{
    /// <summary>Reads "30000-32767", or "30000+2767": the second number is counted from the first.</summary>
    /// <exception cref="FormatException">It is no such range.</exception>
    public static PortRange Parse(string text)
    {
        text = text.Trim();
        var dash = text.AsSpan().IndexOfAny('-', '+');
        if (dash > 0
            && int.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first is > 0 and <= 65535
            && (text[dash] == '+' ? last = Math.Min(first + last, 65535) : last) is var end && end >= first && end <= 65535)
            return new PortRange(first, end);
        throw new FormatException($"unable to parse port range: {text}: expected <first>-<last> between 1 and 65535");
    }

    public bool Contains(int port) => port >= First && port <= Last;

    public override string ToString() => $"{First}-{Last}";
}
