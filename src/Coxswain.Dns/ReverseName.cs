using System.Globalization;
using System.Net;

namespace Coxswain.Dns;

/// <summary>The names under in-addr.arpa (RFC 1035, 3.5) and ip6.arpa (RFC 3596, 2.5).</summary>
internal static class ReverseName
{
    private const string IPv4Suffix = ".in-addr.arpa";
    private const string IPv6Suffix = ".ip6.arpa";

    /// <summary>The address that a reverse name stands for; null if it is none.</summary>
    public static IPAddress? Parse(string name)
    {
        if (name.EndsWith(IPv4Suffix, StringComparison.Ordinal))
        {
            var labels = name[..^IPv4Suffix.Length].Split('.');
            return labels.Length == 4 && labels.All(l => l.Length is > 0 and <= 3 && l.All(char.IsAsciiDigit))
                && IPAddress.TryParse(string.Join('.', labels.Reverse().Select(l => l.Length > 1 ? l.TrimStart('0').PadLeft(1, '0') : l)), out var address)
                ? address
                : null;
        }

        if (name.EndsWith(IPv6Suffix, StringComparison.Ordinal))
        {
            var labels = name[..^IPv6Suffix.Length].Split('.');
            if (labels.Length != 32 || !labels.All(l => l.Length == 1 && char.IsAsciiHexDigit(l[0])))
                return null;
            var octets = new byte[16];
            for (var i = 0; i < 16; i++)
                octets[i] = byte.Parse(labels[31 - 2 * i] + labels[30 - 2 * i], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            return new(octets);
        }

        return null;
    }
}
