using System.Net;

namespace Coxswain.Dns.Wire;

/// <summary>A resource record of class IN. Names are lower case, without the final dot.</summary>
/// <param name="Ttl">Seconds.</param>
public abstract record DnsRecord(string Name, uint Ttl, DnsType Type);

/// <summary>An address: A or AAAA by its family.</summary>
public sealed record AddressRecord(string Name, uint Ttl, IPAddress Address)
    : DnsRecord(Name, Ttl, Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? DnsType.Aaaa : DnsType.A);

/// <summary>A record that holds one name: CNAME, PTR or NS.</summary>
public sealed record NameRecord(string Name, uint Ttl, DnsType Type, string Target) : DnsRecord(Name, Ttl, Type);

/// <summary>RFC 2782.</summary>
public sealed record SrvRecord(string Name, uint Ttl, ushort Priority, ushort Weight, ushort Port, string Target) : DnsRecord(Name, Ttl, DnsType.Srv);

/// <summary>One character string of at most 255 octets.</summary>
public sealed record TxtRecord(string Name, uint Ttl, string Text) : DnsRecord(Name, Ttl, DnsType.Txt);

/// <summary>RFC 1035, 3.3.13; in a negative answer it says how long the answer may be kept (RFC 2308).</summary>
public sealed record SoaRecord(string Name, uint Ttl, string PrimaryServer, string Mailbox, uint Serial, uint NegativeTtl) : DnsRecord(Name, Ttl, DnsType.Soa);
