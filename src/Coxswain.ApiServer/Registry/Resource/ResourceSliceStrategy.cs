using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>The rules of resource slices, in which drivers publish devices.</summary>
internal sealed class ResourceSliceStrategy : Strategy<ResourceSlice>
{
    private const int MaxDevices = 128;
    private const int MaxIntricateDevices = 64;
    private const int MaxCounterSets = 8;
    private const int MaxCounters = 32;
    private const string OneOfFour = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";

    public override bool HasGeneration => true;

    public override IReadOnlyList<string> SelectableFields { get; } = ["spec.nodeName", "spec.driver"];

    protected override string? SelectableField(ResourceSlice o, string field) => field switch
    {
        "spec.nodeName" => o.Spec.NodeName ?? "",
        "spec.driver" => o.Spec.Driver,
        _ => null,
    };

    protected override ResourceSlice PrepareForCreate(StrategyContext c, ResourceSlice o) => base.PrepareForCreate(c, Dated(o, c.Now));

    protected override ResourceSlice PrepareForUpdate(StrategyContext c, ResourceSlice updated, ResourceSlice old) =>
        base.PrepareForUpdate(c, Dated(updated, c.Now), old);

    protected override void ValidateObject(StrategyContext c, ResourceSlice o, FieldErrors errors) => Spec(o.Spec, null, errors);

    protected override void ValidateUpdate(StrategyContext c, ResourceSlice updated, ResourceSlice old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        Spec(updated.Spec, old.Spec, errors);
    }

    private static void Spec(ResourceSliceSpec spec, ResourceSliceSpec? old, FieldErrors errors)
    {
        var path = Paths.Spec;
        DeviceNames.Driver(spec.Driver, path.Child("driver"), errors);
        Pool(spec.Pool, path.Child("pool"), errors);
        if (old is not null)
        {
            CommonRules.Unchanged(spec.Pool.Name, old.Pool.Name, path.Child("pool").Child("name"), errors);
            CommonRules.Unchanged(spec.Driver, old.Driver, path.Child("driver"), errors);
            CommonRules.Unchanged(spec.NodeName, old.NodeName, path.Child("nodeName"), errors);
        }

        Where(spec, path, errors);
        if (!spec.SharedCounters.IsAbsent && !spec.Devices.IsAbsent)
            errors.Invalid(path, "", "only one of `sharedCounters` or `devices` is allowed");
        ListRules.Set(spec.Devices, IsIntricate(spec.Devices) ? MaxIntricateDevices : MaxDevices, device => device.Name, path.Child("devices"), errors,
            (device, at) => DeviceValidation.Validate(device, Find(old, device.Name), spec.PerDeviceNodeSelection == true, at, errors));
        ListRules.Set(spec.SharedCounters, MaxCounterSets, counters => counters.Name, path.Child("sharedCounters"), errors, (set, at) =>
        {
            if (set.Name.Length == 0)
                errors.Required(at.Child("name"));
            else
                DeviceNames.Label(set.Name, at.Child("name"), errors);
            DeviceValidation.Counters(set.Counters, MaxCounters, at.Child("counters"), errors);
        });
    }

    private static void Pool(ResourcePool pool, FieldPath path, FieldErrors errors)
    {
        DeviceNames.Pool(pool.Name, path.Child("name"), errors);
        if (pool.ResourceSliceCount <= 0)
            errors.Invalid(path.Child("resourceSliceCount"), pool.ResourceSliceCount, "must be greater than zero");
        if (pool.Generation < 0)
            errors.Invalid(path.Child("generation"), pool.Generation, "must be greater than or equal to zero");
    }

    /// <summary>From which nodes the devices can be reached, said in one of four ways.</summary>
    private static void Where(ResourceSliceSpec spec, FieldPath path, FieldErrors errors)
    {
        var ways = new List<string>();
        ByNode(spec.NodeName, spec.NodeSelector, "must be either unset or set to a non-empty string", ways, path, errors);
        // With one term, the selectors of several slices can be merged.
        if (spec.NodeSelector is { NodeSelectorTerms: { Count: not 1 } terms })
            errors.Invalid(path.Child("nodeSelector").Child("nodeSelectorTerms"), terms, "must have exactly one node selector term");
        OnlyTrue(spec.AllNodes, "allNodes", ways, path, errors);
        OnlyTrue(spec.PerDeviceNodeSelection, "perDeviceNodeSelection", ways, path, errors);
        if (ways.Count == 0)
            errors.Required(path, OneOfFour);
        else if (ways.Count > 1)
            errors.Invalid(path, $"{{{string.Join(", ", ways)}}}", OneOfFour + ", but multiple fields are set");
    }

    /// <summary>The two ways that name nodes.</summary>
    public static void ByNode(string? name, NodeSelector? selector, string ifEmpty, List<string> ways, FieldPath path, FieldErrors errors)
    {
        if (name is { Length: 0 })
        {
            errors.Invalid(path.Child("nodeName"), "", ifEmpty);
        }
        else if (name is not null)
        {
            ways.Add("`nodeName`");
            DeviceNames.Node(name, path.Child("nodeName"), errors);
        }

        if (selector is null)
            return;
        ways.Add("`nodeSelector`");
        SchedulingValidation.NodeSelector(selector, path.Child("nodeSelector"), errors);
    }

    /// <summary>A way of saying where that is there or not, never false.</summary>
    public static void OnlyTrue(bool? value, string field, List<string> ways, FieldPath path, FieldErrors errors)
    {
        if (value == true)
            ways.Add($"`{field}`");
        else if (value == false)
            errors.Invalid(path.Child(field), false, "must be either unset or set to true");
    }

    private static bool IsIntricate(ApiList<Device> devices)
    {
        foreach (var device in devices)
            if (device.Taints.Count > 0 || device.ConsumesCounters.Count > 0)
                return true;
        return false;
    }

    private static Device? Find(ResourceSliceSpec? spec, string name)
    {
        if (spec is not null)
            foreach (var device in spec.Devices)
                if (device.Name == name)
                    return device;
        return null;
    }

    /// <summary>Taints say since when they are there.</summary>
    private static ResourceSlice Dated(ResourceSlice o, DateTimeOffset now)
    {
        var devices = o.Spec.Devices;
        for (var i = 0; i < devices.Count; i++)
        {
            var taints = devices[i].Taints;
            for (var j = 0; j < taints.Count; j++)
                if (taints[j].TimeAdded is null)
                    taints = taints.SetItem(j, taints[j] with { TimeAdded = now });
            if (taints != devices[i].Taints)
                devices = devices.SetItem(i, devices[i] with { Taints = taints });
        }

        return devices == o.Spec.Devices ? o : o with { Spec = o.Spec with { Devices = devices } };
    }
}
