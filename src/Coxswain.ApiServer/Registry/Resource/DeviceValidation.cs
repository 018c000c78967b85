using System.Text.RegularExpressions;
using Coxswain.Api;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>Judges one device of a slice.</summary>
internal static partial class DeviceValidation
{
    private const int MaxAttributesAndCapacities = 32;
    private const int MaxTaints = 16;
    private const int MaxConsumptions = 2;
    private const int MaxCountersOfDevice = 32;
    private const int MaxAttributeLength = 64;
    private const string OneOfThree = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true "
        + "in the ResourceSlice spec";

    public static void Validate(Device device, Device? old, bool ownNodes, FieldPath path, FieldErrors errors)
    {
        DeviceNames.Label(device.Name, path.Child("name"), errors);
        if (device.Attributes.Count + device.Capacity.Count is > MaxAttributesAndCapacities and var count)
            errors.Invalid(path, count, $"the total number of attributes and capacities must not exceed {MaxAttributesAndCapacities}");
        foreach (var (name, attribute) in CommonRules.Sorted(device.Attributes))
        {
            var at = path.Child("attributes").Key(DeviceNames.Shortened(name, DeviceNames.MaxKeyLength));
            DeviceNames.Qualified(name, at, errors);
            Attribute(attribute, at, errors);
        }

        foreach (var (name, capacity) in CommonRules.Sorted(device.Capacity))
        {
            var at = path.Child("capacity").Key(DeviceNames.Shortened(name, DeviceNames.MaxKeyLength));
            DeviceNames.Qualified(name, at, errors);
            if (capacity.RequestPolicy is not { } policy)
                continue;
            if (device.AllowMultipleAllocations == true)
                CapacityPolicyValidation.Validate(policy, capacity.Value, at.Child("requestPolicy"), errors);
            else
                errors.Forbidden(at.Child("requestPolicy"), "allowMultipleAllocations must be true");
        }

        // What was let pass once is let pass again.
        if (old is null || old.Taints != device.Taints)
            ListRules.Each(device.Taints, MaxTaints, path.Child("taints"), errors, (taint, at) => DeviceRules.Taint(taint, at, errors));
        ListRules.Set(device.ConsumesCounters, MaxConsumptions, counters => counters.CounterSet, path.Child("consumesCounters"), errors, (set, at) =>
        {
            if (set.CounterSet.Length == 0)
                errors.Required(at.Child("counterSet"));
            else
                DeviceNames.Label(set.CounterSet, at.Child("counterSet"), errors);
            Counters(set.Counters, MaxCountersOfDevice, at.Child("counters"), errors);
        });
        Nodes(device, ownNodes, path, errors);
        DeviceRules.BindingConditions(device.BindingConditions, device.BindingFailureConditions, path, errors);
    }

    public static void Counters(ApiMap<Counter> counters, int max, FieldPath path, FieldErrors errors)
    {
        if (counters.Count == 0)
            errors.Required(path);
        else if (counters.Count > max)
            errors.TooMany(path, counters.Count, max);
        else
            foreach (var (name, _) in CommonRules.Sorted(counters))
                DeviceNames.Label(name, path.Key(DeviceNames.Shortened(name, ValidationRules.Dns1123LabelMaxLength)), errors);
    }

    private static void Attribute(DeviceAttribute attribute, FieldPath path, FieldErrors errors)
    {
        if (attribute.String is { } text)
            MaxLength(text, path.Child("string"), errors);
        if (attribute.Version is { } version)
            Version(version, path.Child("version"), errors);
        foreach (var item in attribute.Strings)
            MaxLength(item, path.Child("strings"), errors);
        foreach (var item in attribute.Versions)
            Version(item, path.Child("versions"), errors);
        var values = (attribute.Bool is null ? 0 : 1) + (attribute.Int is null ? 0 : 1) + (attribute.String is null ? 0 : 1)
            + (attribute.Version is null ? 0 : 1) + (attribute.Bools.Count > 0 ? 1 : 0) + (attribute.Ints.Count > 0 ? 1 : 0)
            + (attribute.Strings.Count > 0 ? 1 : 0) + (attribute.Versions.Count > 0 ? 1 : 0);
        if (values == 0)
            errors.Invalid(path, "", "exactly one value must be specified");
        else if (values > 1)
            errors.Invalid(path, attribute, "exactly one value must be specified");
    }

    private static void Version(string version, FieldPath path, FieldErrors errors)
    {
        if (!SemanticVersion().IsMatch(version))
            errors.Invalid(path, version, "must be a string compatible with semver.org spec 2.0.0");
        MaxLength(version, path, errors);
    }

    private static void MaxLength(string text, FieldPath path, FieldErrors errors)
    {
        if (text.Length > MaxAttributeLength)
            errors.TooLong(path, MaxAttributeLength);
    }

    private static void Nodes(Device device, bool ownNodes, FieldPath path, FieldErrors errors)
    {
        if (!ownNodes)
        {
            if (device.NodeName is not null || device.NodeSelector is not null || device.AllNodes is not null)
                errors.Invalid(path, "null",
                    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec");
            return;
        }

        var ways = new List<string>();
        ResourceSliceStrategy.ByNode(device.NodeName, device.NodeSelector, "must not be empty", ways, path, errors);
        ResourceSliceStrategy.OnlyTrue(device.AllNodes, "allNodes", ways, path, errors);
        if (ways.Count == 0)
            errors.Required(path, OneOfThree);
        else if (ways.Count > 1)
            errors.Invalid(path, $"{{{string.Join(", ", ways)}}}", OneOfThree);
    }

    [GeneratedRegex(@"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-([0-9]*[a-zA-Z-][0-9a-zA-Z-]*|0|[1-9][0-9]*)(\.([0-9]*[a-zA-Z-][0-9a-zA-Z-]*|0|[1-9][0-9]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex SemanticVersion();
}
