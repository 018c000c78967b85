using System.Net;
using System.Net.Sockets;
using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Addresses and ranges whose text is read in more than one way, or not in the way in which others write it.</summary>
internal static class AddressWarnings
{
    public static void Address(FieldPath path, string text, ICollection<string> warnings)
    {
        if (!ValidationRules.TryParseIPAddress(text, out var address))
            return;
        var canonical = Canonical(address);
        if (canonical == text)
            return;
        warnings.Add(IsStandard(text, address)
            ? $"{path}: IPv6 address {GoText.Quote(text)} should be in RFC 5952 canonical format ({GoText.Quote(canonical)})"
            : $"{path}: non-standard IP address {GoText.Quote(text)} will be considered invalid in a future Kubernetes release: use {GoText.Quote(canonical)}");
    }

    public static void Cidr(FieldPath path, string text, ICollection<string> warnings)
    {
        if (!ValidationRules.TryParseCidr(text, out var address, out var prefix))
            return;
        var network = AddressRules.Network(address, prefix);
        var range = FormattableString.Invariant($"{Canonical(network)}/{prefix}");
        if (!network.Equals(address))
        {
            var single = FormattableString.Invariant($"{Canonical(address)}/{address.GetAddressBytes().Length * 8}");
            warnings.Add($"{path}: CIDR value {GoText.Quote(text)} is ambiguous in this context (should be {GoText.Quote(range)} or {GoText.Quote(single)}?)");
        }

        if (!IsStandard(text[..text.IndexOf('/', StringComparison.Ordinal)], address))
            warnings.Add($"{path}: non-standard CIDR value {GoText.Quote(text)} will be considered invalid in a future Kubernetes release: use {GoText.Quote(range)}");
        else if (address.AddressFamily == AddressFamily.InterNetworkV6 && FormattableString.Invariant($"{address}/{prefix}") is var canonical && canonical != text)
            warnings.Add($"{path}: IPv6 CIDR value {GoText.Quote(text)} should be in RFC 5952 canonical format ({GoText.Quote(canonical)})");
    }

    // No leading zeros in numbers, no IPv4 address in the dress of IPv6.
    private static bool IsStandard(string text, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? !address.IsIPv4MappedToIPv6 : address.ToString() == text;

    private static string Canonical(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
