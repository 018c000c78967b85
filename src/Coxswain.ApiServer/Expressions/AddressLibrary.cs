using System.Net;
using System.Net.Sockets;
using Coxswain.Api.Validation;
using Coxswain.Cel;
using static Coxswain.ApiServer.Expressions.KubernetesLibrary;

namespace Coxswain.ApiServer.Expressions;

/// <summary><c>ip("...")</c> and <c>cidr("...")</c>.</summary>
internal static class AddressLibrary
{
    private static readonly CelType Address = CelType.Opaque("net.IP");
    private static readonly CelType Network = CelType.Opaque("net.CIDR");
    private static readonly CelType S = CelType.String;

    public static IEnumerable<CelOverload> Overloads =>
    [
        Global("ip", Address, (_, a) => TryIP(a[0].AsString, out var ip) ? Of(ip) : NoIP(a[0].AsString), S),
        Global("isIP", CelType.Bool, (_, a) => CelValue.Of(TryIP(a[0].AsString, out var _)), S),
        Global("ip.isCanonical", CelType.Bool, (_, a) => TryIP(a[0].AsString, out var ip) ? CelValue.Of(ip.ToString() == a[0].AsString) : NoIP(a[0].AsString), S),
        Global("string", S, (_, a) => CelValue.Of(a[0].ToString()), Address),
        Global("string", S, (_, a) => CelValue.Of(a[0].ToString()), Network),
        Member("family", CelType.Int, (_, a) => CelValue.Of(IP(a[0]).AddressFamily == AddressFamily.InterNetwork ? 4L : 6L), Address),
        Test("isUnspecified", ip => ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)),
        Test("isLoopback", IPAddress.IsLoopback),
        Test("isLinkLocalMulticast", ip => Bytes(ip) is var b && (ip.AddressFamily == AddressFamily.InterNetwork ? b is [224, 0, 0, _] : b[0] == 0xff && (b[1] & 0x0f) == 2)),
        Test("isLinkLocalUnicast", ip => Bytes(ip) is var b && (ip.AddressFamily == AddressFamily.InterNetwork ? b is [169, 254, ..] : ip.IsIPv6LinkLocal)),
        Test("isGlobalUnicast", IsGlobalUnicast),
        Global("cidr", Network, (_, a) => TryCidr(a[0].AsString, out var cidr) ? CelValue.Of(cidr) : CelValue.Error($"network address parse error during conversion from string: {a[0].AsString}"), S),
        Global("isCIDR", CelType.Bool, (_, a) => CelValue.Of(TryCidr(a[0].AsString, out var _)), S),
        Member("ip", Address, (_, a) => Of(Net(a[0]).Address), Network),
        Member("prefixLength", CelType.Int, (_, a) => CelValue.Of((long)Net(a[0]).PrefixLength), Network),
        Member("masked", Network, (_, a) => CelValue.Of(Net(a[0]) with { Address = Masked(Net(a[0])) }), Network),
        Member("containsIP", CelType.Bool, (_, a) => CelValue.Of(Contains(Net(a[0]), IP(a[1]))), Network, Address),
        Member("containsIP", CelType.Bool, (_, a) => TryIP(a[1].AsString, out var ip) ? CelValue.Of(Contains(Net(a[0]), ip)) : NoIP(a[1].AsString), Network, S),
        Member("containsCIDR", CelType.Bool, (_, a) => CelValue.Of(Contains(Net(a[0]), Net(a[1]))), Network, Network),
        Member("containsCIDR", CelType.Bool, (_, a) => TryCidr(a[1].AsString, out var cidr)
            ? CelValue.Of(Contains(Net(a[0]), cidr))
            : CelValue.Error($"network address parse error during conversion from string: {a[1].AsString}"), Network, S),
    ];

    private static CelOverload Test(string name, Func<IPAddress, bool> test) =>
        Member(name, CelType.Bool, (_, a) => CelValue.Of(test(IP(a[0]))), Address);

    private static CelValue NoIP(string text) => CelValue.Error($"IP Address {Coxswain.Api.GoText.Quote(text)} parse error during conversion from string");

    // Addresses that map one family into the other are neither.
    private static bool TryIP(string text, out IPAddress address) =>
        ValidationRules.TryParseIPAddress(text, out address) && !text.Contains('%', StringComparison.Ordinal) && !(address.IsIPv4MappedToIPv6 || (text.Contains(':', StringComparison.Ordinal) && text.Contains('.', StringComparison.Ordinal)));

    private static bool TryCidr(string text, out CidrValue cidr)
    {
        cidr = null!;
        if (!ValidationRules.TryParseCidr(text, out var address, out var length) || address.IsIPv4MappedToIPv6)
            return false;
        cidr = new CidrValue(address, length);
        return true;
    }

    private static bool IsGlobalUnicast(IPAddress ip)
    {
        if (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(ip) || ip.Equals(IPAddress.Broadcast))
            return false;
        var bytes = Bytes(ip);
        return ip.AddressFamily == AddressFamily.InterNetwork
            ? bytes[0] is < 224 or > 239 && bytes is not [169, 254, ..]
            : bytes[0] != 0xff && !ip.IsIPv6LinkLocal;
    }

    private static IPAddress Masked(CidrValue cidr)
    {
        var bytes = Bytes(cidr.Address);
        for (var bit = cidr.PrefixLength; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }

    private static bool Contains(CidrValue cidr, IPAddress ip) =>
        ip.AddressFamily == cidr.Address.AddressFamily && Masked(new CidrValue(ip, cidr.PrefixLength)).Equals(Masked(cidr));

    private static bool Contains(CidrValue outer, CidrValue inner) => inner.PrefixLength >= outer.PrefixLength && Contains(outer, inner.Address);

    private static byte[] Bytes(IPAddress ip) => ip.GetAddressBytes();

    private static CelValue Of(IPAddress address) => CelValue.Of(new AddressValue(address));

    private static IPAddress IP(CelValue value) => ((AddressValue)value.AsOpaque).Address;

    private static CidrValue Net(CelValue value) => (CidrValue)value.AsOpaque;

    private sealed record AddressValue(IPAddress Address) : ICelOpaque
    {
        public CelType Type => AddressLibrary.Address;

        public override string ToString() => Address.ToString();
    }

    private sealed record CidrValue(IPAddress Address, int PrefixLength) : ICelOpaque
    {
        public CelType Type => Network;

        public override string ToString() => $"{Address}/{PrefixLength}";
    }
}
