using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Security.Cryptography;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Validation;
using Coxswain.Client;
using IPAddress = System.Net.IPAddress;
using IPAddressRecord = Coxswain.Api.Networking.V1.IPAddress;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The addresses of services: of the configured ranges and of the ServiceCIDR objects, each owned by whoever creates
/// its IPAddress object. Safe for concurrent use, also between servers.</summary>
/// <param name="ranges">The configured ranges, the default family first.</param>
internal sealed class ServiceAddressPool(IReadOnlyList<IPNetwork> ranges, IClusterView cluster, IApiClient api)
{
    public const string Allocated = "provided IP is already allocated";
    private const string ManagedBy = "ipaddress.kubernetes.io/managed-by";
    private const string Manager = "ipallocator.k8s.io";
    private const int Attempts = 512;

    /// <summary>A leak must be seen so often before it is mended: it may be a service that is being made.</summary>
    private const int LeakRounds = 3;

    private readonly Dictionary<string, int> leaked = [];

    public IReadOnlyList<string> Families { get; } = [.. ranges.Select(range => FamilyOf(range.BaseAddress)).Distinct()];

    /// <summary>Reads "10.96.0.0/16,fd00::/108".</summary>
    /// <exception cref="FormatException">One of them is no range.</exception>
    public static IReadOnlyList<IPNetwork> ParseRanges(string text) => [.. text.Split(',').Select(range => IPNetwork.Parse(range.Trim()))];

    /// <summary>Why the address cannot be given to anybody; null if it can.</summary>
    public string? OutOfRange(string text)
    {
        var address = IPAddress.Parse(text);
        var known = new List<string>();
        foreach (var range in Ranges(FamilyOf(address)))
        {
            if (range.Contains(address) && !address.Equals(range.BaseAddress))
                return null;
            known.Add(range.ToString());
        }

        return $"provided IP is not in the valid range. The range of valid IPs is {string.Join(",", known)}";
    }

    public bool IsKnown(string address) => cluster.Find<IPAddressRecord>(new NamespacedName("", address)) is not null;

    public async ValueTask<bool> TryTakeAsync(string address, Service service, CancellationToken cancellation)
    {
        try
        {
            await api.CreateAsync(Record(address, service), cancellation);
            return true;
        }
        catch (ApiException e) when (e.Reason == StatusReason.AlreadyExists)
        {
            return false;
        }
    }

    /// <summary>A free address of the family, or null if none is found.</summary>
    /// <param name="keep">Whether it is taken, or only named.</param>
    public async ValueTask<string?> TakeAnyAsync(string family, Service service, bool keep, CancellationToken cancellation)
    {
        foreach (var range in Ranges(family))
        {
            var size = HostCount(range);
            if (size <= 0)
                continue;
            // The first part of a range is left to those who choose by hand.
            var offset = size > 32 ? (int)Math.Min(Math.Max(size / 16, 16), 256) : 0;
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                // At last the reserved part too.
                var from = attempt < Attempts / 2 ? offset : 0;
                var address = At(range, 1 + from + RandomBelow(size - from)).ToString();
                if (IsKnown(address))
                    continue;
                if (!keep || await TryTakeAsync(address, service, cancellation))
                    return address;
            }
        }

        return null;
    }

    public async ValueTask ReleaseAsync(string address, CancellationToken cancellation)
    {
        try
        {
            await api.DeleteAsync<IPAddressRecord>(new NamespacedName("", Canonical(address)), null, cancellation);
        }
        catch (ApiException e) when (e.Reason == StatusReason.NotFound)
        {
            // Given back already.
        }
    }

    /// <summary>Gives back addresses whose service has been missing for some rounds, and records those of services that have no record.</summary>
    public async Task RepairAsync(CancellationToken cancellation)
    {
        var records = (await api.ListAsync<IPAddressRecord>(new ListQuery(), cancellation)).Items
            .Where(record => record.Metadata.Labels.GetValueOrDefault(ManagedBy) == Manager && record.Spec.ParentRef is { Group: "", Resource: "services" });
        // After the addresses: a service that was made meanwhile has its address.
        var services = (await api.ListAsync<Service>(new ListQuery(), cancellation)).Items;
        var used = services.Where(ServiceNeeds.ClusterIP).SelectMany(s => s.Spec.ClusterIPs.Select(ip => (Address: Canonical(ip), Service: s)))
            .Where(u => u.Address is not ("" or "None")).ToList();
        var orphans = records.Where(record => !used.Any(u => u.Address == record.Metadata.Name)).ToDictionary(record => record.Metadata.Uid);
        foreach (var uid in leaked.Keys.Where(uid => !orphans.ContainsKey(uid)).ToList())
            leaked.Remove(uid);
        foreach (var (uid, record) in orphans)
        {
            if ((leaked[uid] = leaked.GetValueOrDefault(uid) + 1) < LeakRounds)
                continue;
            await ReleaseAsync(record.Metadata.Name, cancellation);
            leaked.Remove(uid);
        }

        foreach (var (address, service) in used)
            if (!IsKnown(address) && OutOfRange(address) is null)
                await TryTakeAsync(address, service, cancellation);
    }

    private IEnumerable<IPNetwork> Ranges(string family)
    {
        foreach (var range in ranges)
            if (FamilyOf(range.BaseAddress) == family)
                yield return range;
        foreach (var more in cluster.List<ServiceCIDR>(""))
        {
            if (more.Metadata.DeletionTimestamp is not null)
                continue;
            foreach (var text in more.Spec.Cidrs)
                if (IPNetwork.TryParse(text, out var range) && FamilyOf(range.BaseAddress) == family && !ranges.Contains(range))
                    yield return range;
        }
    }

    private static IPAddressRecord Record(string address, Service service) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = Canonical(address),
            Labels =
            [
                new("ipaddress.kubernetes.io/ip-family", FamilyOf(IPAddress.Parse(address))),
                new(ManagedBy, Manager),
            ],
        },
        Spec = new IPAddressSpec
        {
            ParentRef = new ParentReference { Resource = "services", Namespace = service.Metadata.Namespace, Name = service.Metadata.Name },
        },
    };

    private static string Canonical(string address) => ValidationRules.TryParseIPAddress(address, out var parsed) ? parsed.ToString() : address;

    private static string FamilyOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    // Without the network's own address, and for IPv4 without the broadcast address.
    private static long HostCount(IPNetwork range)
    {
        var bits = (range.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32) - range.PrefixLength;
        return bits >= 62 ? long.MaxValue >> 1 : (1L << bits) - (range.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? 1 : 2);
    }

    private static long RandomBelow(long count)
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return (long)(BitConverter.ToUInt64(bytes) % (ulong)count);
    }

    private static IPAddress At(IPNetwork range, long offset)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        var sum = new BigInteger(bytes, isUnsigned: true, isBigEndian: true) + offset;
        var result = new byte[bytes.Length];
        var text = sum.ToByteArray(isUnsigned: true, isBigEndian: true);
        text.CopyTo(result, result.Length - text.Length);
        return new IPAddress(result);
    }
}
