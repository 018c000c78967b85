using System.Net;
using System.Net.Sockets;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Addresses that stand for hosts one can reach from elsewhere.</summary>
internal static class IPAddressRules
{
    public static void NotSpecial(string text, FieldPath path, FieldErrors errors)
    {
        if (!ValidationRules.TryParseIPAddress(text, out var address))
            errors.Invalid(path, text, "must be a valid IP address");
        else if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            errors.Invalid(path, text, $"may not be unspecified ({text})");
        else if (IPAddress.IsLoopback(address))
            errors.Invalid(path, text, "may not be in the loopback range (127.0.0.0/8)");
        else if (IsLinkLocal(address))
            errors.Invalid(path, text, "may not be in the link-local range (169.254.0.0/16)");
        else if (IsLinkLocalMulticast(address))
            errors.Invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24)");
    }

    private static bool IsLinkLocal(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? address.GetAddressBytes() is [169, 254, ..]
        : address.IsIPv6LinkLocal;

    private static bool IsLinkLocalMulticast(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? address.GetAddressBytes() is [224, 0, 0, _]
        : address.IsIPv6Multicast && (address.GetAddressBytes()[1] & 0x0f) == 2;
}
