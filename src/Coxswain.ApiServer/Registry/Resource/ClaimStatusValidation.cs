using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>Judges what was given to a claim, to whom, and what drivers tell of it.</summary>
internal static class ClaimStatusValidation
{
    private const int MaxConsumers = 256;
    private const int MaxResults = 32;
    private const int MaxConditions = 8;
    private const int MaxInterfaceName = 256;
    private const int MaxHardwareAddress = 128;
    private const int MaxAddresses = 16;

    public static void Validate(ResourceClaim updated, ResourceClaim old, FieldErrors errors)
    {
        var (status, path) = (updated.Status, Paths.Status);
        ListRules.Set(status.ReservedFor, MaxConsumers, consumer => consumer.Uid, path.Child("reservedFor"), errors,
            (consumer, at) => Consumer(consumer, at, errors));
        var allocated = Allocated(status);
        ListRules.Set(status.Devices, -1, AsDevice, path.Child("devices"), errors,
            (device, at) => DeviceStatus(device, allocated, at, errors));
        if (status.ReservedFor.Count > 0)
            Reservations(updated, old, path.Child("reservedFor"), errors);
        if (status.Allocation is { } allocation)
        {
            if (old.Status.Allocation is { } before)
                CommonRules.Unchanged(allocation, before, path.Child("allocation"), errors);
            else
                Allocation(allocation, new DeviceRequestNames(updated.Spec.Devices), path.Child("allocation"), errors);
        }
    }

    public static HashSet<AllocatedDevice> Allocated(ResourceClaimStatus status)
    {
        var devices = new HashSet<AllocatedDevice>();
        if (status.Allocation is { } allocation)
            foreach (var result in allocation.Devices.Results)
                devices.Add(new AllocatedDevice(result.Driver, result.Pool, result.Device, result.ShareID));
        return devices;
    }

    public static AllocatedDevice AsDevice(AllocatedDeviceStatus status) => new(status.Driver, status.Pool, status.Device, status.ShareID);

    private static void Consumer(ResourceClaimConsumerReference consumer, FieldPath path, FieldErrors errors)
    {
        if (consumer.Resource.Length == 0)
            errors.Required(path.Child("resource"));
        if (consumer.Name.Length == 0)
            errors.Required(path.Child("name"));
        if (consumer.Uid.Length == 0)
            errors.Required(path.Child("uid"));
    }

    private static void Reservations(ResourceClaim updated, ResourceClaim old, FieldPath path, FieldErrors errors)
    {
        if (updated.Status.Allocation is null)
        {
            errors.Forbidden(path, "may not be specified when `allocated` is not set");
            return;
        }

        if (updated.Metadata.DeletionTimestamp is null)
            return;
        foreach (var consumer in updated.Status.ReservedFor)
            if (!old.Status.ReservedFor.AsSpan().Contains(consumer))
            {
                errors.Forbidden(path, "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
                return;
            }
    }

    private static void Allocation(AllocationResult allocation, DeviceRequestNames names, FieldPath path, FieldErrors errors)
    {
        var devices = path.Child("devices");
        ListRules.Each(allocation.Devices.Results, MaxResults, devices.Child("results"), errors, (result, at) =>
        {
            names.Reference(result.Request, at.Child("request"), errors);
            DeviceNames.Driver(result.Driver, at.Child("driver"), errors);
            DeviceNames.Pool(result.Pool, at.Child("pool"), errors);
            DeviceNames.Label(result.Device, at.Child("device"), errors);
            DeviceRules.BindingConditions(result.BindingConditions, result.BindingFailureConditions, at, errors);
            if (result.ShareID is { } share)
                DeviceNames.ShareId(share, at.Child("shareID"), errors);
        });
        // Both the class and the claim may have brought as many as each is allowed.
        ListRules.Each(allocation.Devices.Config, 2 * DeviceRules.MaxConfigs, devices.Child("config"), errors, (config, at) =>
        {
            CommonRules.OneOf(config.Source, at.Child("source"), errors, "FromClaim", "FromClass");
            DeviceClaimValidation.References(config.Requests, names, at.Child("requests"), errors);
            DeviceRules.Configuration(config.Opaque, at, errors);
        });
        if (allocation.NodeSelector is { } selector)
            SchedulingValidation.NodeSelector(selector, path.Child("nodeSelector"), errors);
    }

    private static void DeviceStatus(AllocatedDeviceStatus device, HashSet<AllocatedDevice> allocated, FieldPath path, FieldErrors errors)
    {
        DeviceNames.Driver(device.Driver, path.Child("driver"), errors);
        DeviceNames.Pool(device.Pool, path.Child("pool"), errors);
        DeviceNames.Label(device.Device, path.Child("device"), errors);
        if (device.ShareID is { } share)
            DeviceNames.ShareId(share, path.Child("shareID"), errors);
        if (!allocated.Contains(AsDevice(device)))
            errors.Invalid(path, AsDevice(device), "must be an allocated device in the claim");
        if (device.Conditions.Count > MaxConditions)
            errors.TooMany(path.Child("conditions"), device.Conditions.Count, MaxConditions);
        ConditionRules.Validate(device.Conditions, path.Child("conditions"), errors);
        if (device.Data is { IsAbsent: false } data)
            DeviceNames.Opaque(data, DeviceRules.MaxParameterBytes, path.Child("data"), errors);
        if (device.NetworkData is { } network)
            Network(network, path.Child("networkData"), errors);
    }

    private static void Network(NetworkDeviceData data, FieldPath path, FieldErrors errors)
    {
        if (data.InterfaceName.Length > MaxInterfaceName)
            errors.TooLong(path.Child("interfaceName"), MaxInterfaceName);
        if (data.HardwareAddress.Length > MaxHardwareAddress)
            errors.TooLong(path.Child("hardwareAddress"), MaxHardwareAddress);
        ListRules.Set(data.Ips, MaxAddresses, address => address, path.Child("ips"), errors, (address, at) =>
        {
            if (!ValidationRules.TryParseCidr(address, out var ip, out var prefix))
                errors.Invalid(at, address, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)");
            else if (Canonical(ip, prefix) is var canonical && canonical != address)
                errors.Invalid(at, address, $"must be in canonical form (\"{canonical}\")");
        });
    }

    private static string Canonical(System.Net.IPAddress address, int prefix) => FormattableString.Invariant($"{address}/{prefix}");
}
