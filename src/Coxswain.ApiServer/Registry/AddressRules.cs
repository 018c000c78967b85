using System.Net;
using System.Net.Sockets;
using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Judges addresses and ranges strictly: what some programs read otherwise than others is refused, unless the object had it before.</summary>
internal static class AddressRules
{
    /// <param name="known">What the old object had there.</param>
    /// <returns>Whether the text is an address at all.</returns>
    public static bool Address(string text, FieldPath path, FieldErrors errors, ApiList<string> known = default)
    {
        if (!ValidationRules.TryParseIPAddress(text, out var address))
        {
            errors.Invalid(path, text, ValidationRules.IPAddressText(text));
            return false;
        }

        Strict(text, address, path, errors, known);
        return true;
    }

    /// <summary>What is said of an address beyond its being one.</summary>
    public static void Strict(string text, IPAddress address, FieldPath path, FieldErrors errors, ApiList<string> known = default)
    {
        if (known.AsSpan().Contains(text))
            return;
        if (HasLeadingZeros(text, address))
            errors.Invalid(path, text, "must not have leading 0s");
        if (address.IsIPv4MappedToIPv6)
            errors.Invalid(path, text, "must not be an IPv4-mapped IPv6 address");
    }

    /// <returns>Whether the text is a range at all.</returns>
    public static bool Cidr(string text, FieldPath path, FieldErrors errors, ApiList<string> known = default)
    {
        if (!ValidationRules.TryParseCidr(text, out var address, out var prefix))
        {
            errors.Invalid(path, text, ValidationRules.Cidr(text));
            return false;
        }

        if (known.AsSpan().Contains(text))
            return true;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (HasLeadingZeros(text[..slash], address) || (text[slash + 1] == '0' && text.Length > slash + 2))
            errors.Invalid(path, text, "must not have leading 0s in IP or prefix length");
        else if (address.IsIPv4MappedToIPv6)
            errors.Invalid(path, text, "must not have an IPv4-mapped IPv6 address");
        else if (!Network(address, prefix).Equals(address))
            errors.Invalid(path, text, "must not have bits set beyond the prefix length");
        return true;
    }

    /// <summary>The address with nothing beyond the prefix.</summary>
    public static IPAddress Network(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }

    private static bool HasLeadingZeros(string text, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text;
}
