using System.Net.Sockets;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges the addresses and IP families of services, whose first ones are given for good.</summary>
internal static class ServiceFamilyValidation
{
    private const string GivenForGood = "may not change once set";
    private static readonly FieldPath Addresses = Paths.Spec.Child("clusterIPs");
    private static readonly FieldPath Families = Paths.Spec.Child("ipFamilies");
    private static readonly FieldPath Policy = Paths.Spec.Child("ipFamilyPolicy");

    /// <summary>What was asked for; also judged before any address is given out.</summary>
    public static void Validate(Service service, Service? old, FieldErrors errors)
    {
        var spec = service.Spec;
        if (spec.Type == "ExternalName")
            return;
        if (spec.ClusterIP.Length == 0)
        {
            if (spec.ClusterIPs.Count > 0)
                errors.Invalid(Addresses, spec.ClusterIPs, "must be empty when `clusterIP` is not specified");
        }
        else if (spec.ClusterIPs.Count == 0)
        {
            errors.Required(Addresses);
        }
        else if (spec.ClusterIPs[0] != spec.ClusterIP)
        {
            errors.Invalid(Addresses, spec.ClusterIPs, "first value must match `clusterIP`");
        }

        for (var i = 0; i < spec.IpFamilies.Count; i++)
        {
            if (spec.IpFamilies[i] is not ("IPv4" or "IPv6"))
                errors.NotSupported(Families.Index(i), spec.IpFamilies[i], "IPv4", "IPv6");
            if (spec.IpFamilies.AsSpan()[..i].Contains(spec.IpFamilies[i]))
                errors.Duplicate(Families.Index(i), spec.IpFamilies[i]);
        }

        CommonRules.OptionalOneOf(spec.IpFamilyPolicy, Policy, errors, "PreferDualStack", "RequireDualStack", "SingleStack");
        ClusterIPs(spec, old?.Spec.ClusterIPs ?? default, ServiceNeeds.IsHeadless(service), errors);
    }

    public static void Update(Service updated, Service old, FieldErrors errors)
    {
        if (updated.Spec.Type == "ExternalName" || old.Spec.Type == "ExternalName")
            return;
        var (headless, wasHeadless) = (ServiceNeeds.IsHeadless(updated), ServiceNeeds.IsHeadless(old));
        if (!headless || !wasHeadless)
            AddressesChanged(updated.Spec, old.Spec, errors);
        if (!headless && !wasHeadless)
            FamiliesChanged(updated.Spec, old.Spec, errors);
    }

    private static void ClusterIPs(ServiceSpec spec, ApiList<string> known, bool headless, FieldErrors errors)
    {
        var (addresses, bad) = (spec.ClusterIPs, false);
        for (var i = 0; i < addresses.Count; i++)
        {
            if (i == 0 && addresses[i] == "None")
            {
                if (addresses.Count > 1)
                    errors.Invalid(Addresses, addresses, "'None' must be the first and only value");
                bad |= addresses.Count > 1;
                continue;
            }

            bad |= !AddressRules.Address(addresses[i], Addresses.Index(i), errors, known);
        }

        if (addresses.Count > 2)
            errors.Invalid(Addresses, addresses, "may only hold up to 2 values");
        if (bad)
            return;
        if (addresses.Count > 1 && !(addresses.Any(IsIPv6) && addresses.Any(static address => !IsIPv6(address))))
            errors.Invalid(Addresses, addresses, "may specify no more than one IP for each IP family");
        for (var i = 0; !headless && i < addresses.Count && i < spec.IpFamilies.Count; i++)
            if (spec.IpFamilies[i] is "IPv4" or "IPv6" && spec.IpFamilies[i] == "IPv6" != IsIPv6(addresses[i]))
                errors.Invalid(Addresses.Index(i), addresses[i], $"expected an {spec.IpFamilies[i]} value as indicated by `ipFamilies[{i}]`");
    }

    private static void AddressesChanged(ServiceSpec now, ServiceSpec before, FieldErrors errors)
    {
        if (now.ClusterIPs.Count == before.ClusterIPs.Count)
        {
            for (var i = 0; i < before.ClusterIPs.Count; i++)
                if (now.ClusterIPs[i] != before.ClusterIPs[i])
                    errors.Invalid(Addresses.Index(i), now.ClusterIPs, GivenForGood);
            return;
        }

        if (now.ClusterIPs.Count == 0)
            errors.Invalid(Addresses.Index(0), now.ClusterIPs, "primary clusterIP can not be unset");
        else if (before.ClusterIPs.Count > 0 && now.ClusterIPs[0] != before.ClusterIPs[0])
            errors.Invalid(Addresses.Index(0), now.ClusterIPs, GivenForGood);
        if (now.ClusterIPs.Count == 1 && before.ClusterIPs.Count > 1 && now.IpFamilyPolicy != "SingleStack")
            errors.Invalid(Policy, now.IpFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP");
    }

    private static void FamiliesChanged(ServiceSpec now, ServiceSpec before, FieldErrors errors)
    {
        if (now.IpFamilies.Count == before.IpFamilies.Count)
        {
            for (var i = 0; i < before.IpFamilies.Count; i++)
                if (now.IpFamilies[i] != before.IpFamilies[i])
                    errors.Invalid(Families.Index(0), now.IpFamilies, GivenForGood);
            return;
        }

        if (before.IpFamilies.Count > now.IpFamilies.Count && now.ClusterIPs.Count == 0)
            errors.Invalid(Families.Index(0), now.IpFamilies, "primary ipFamily can not be unset");
        if (before.IpFamilies.Count > 0 && now.IpFamilies.Count > 0 && now.IpFamilies[0] != before.IpFamilies[0])
            errors.Invalid(Families.Index(0), now.ClusterIPs, GivenForGood);
        if (now.IpFamilies.Count == 1 && before.IpFamilies.Count > 1 && now.IpFamilyPolicy != "SingleStack")
            errors.Invalid(Policy, now.IpFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily");
    }

    private static bool IsIPv6(string text) =>
        ValidationRules.TryParseIPAddress(text, out var address) && address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false };
}
