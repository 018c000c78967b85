using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of nodes.</summary>
internal sealed class NodeStrategy : Strategy<Node>
{
    private static readonly FieldPath Taints = Paths.Metadata.Child("taints");

    public override IReadOnlyList<string> SelectableFields { get; } = ["spec.unschedulable"];

    protected override Node WithStatusOf(Node o, Node source) => o with { Status = source.Status };

    protected override Node Default(Node o)
    {
        if (o.Status.Allocatable.Count == 0 && o.Status.Capacity.Count > 0)
            o = o with { Status = o.Status with { Allocatable = o.Status.Capacity } };
        return o with { Spec = PodCidrs(o.Spec) };
    }

    // A kubelet registers its node with a status.
    protected override Node PrepareForCreate(StrategyContext c, Node o) => o;

    protected override void ValidateObject(StrategyContext c, Node o, FieldErrors errors) => Judge(o, default, errors);

    private static void Judge(Node o, ApiList<string> known, FieldErrors errors)
    {
        NodeTaints(o, errors);
        Resources(o, errors);
        var cidrs = o.Spec.PodCIDRs;
        var path = Paths.Spec.Child("podCIDRs");
        for (var i = 0; i < cidrs.Count; i++)
            AddressRules.Cidr(cidrs[i], path.Index(i), errors, known);
        if (cidrs.Count > 2 || (cidrs.Count == 2 && cidrs[0].Contains(':') == cidrs[1].Contains(':')))
            errors.Invalid(path, cidrs, "may specify no more than one CIDR for each IP family");
        for (var i = 1; i < cidrs.Count; i++)
            if (cidrs.AsSpan()[..i].Contains(cidrs[i]))
                errors.Duplicate(path.Index(i), cidrs[i]);
    }

    protected override void Warn(StrategyContext c, Node o, Node? old, ICollection<string> warnings)
    {
        if (o.Spec.ConfigSource is not null)
            warnings.Add("spec.configSource: the feature is removed");
        if (o.Spec.ExternalID.Length > 0)
            warnings.Add("spec.externalID: this field is deprecated, and is unused by Kubernetes");
        for (var i = 0; i < o.Spec.PodCIDRs.Count; i++)
            AddressWarnings.Cidr(Paths.Spec.Child("podCIDRs").Index(i), o.Spec.PodCIDRs[i], warnings);
    }

    protected override void ValidateUpdate(StrategyContext c, Node updated, Node old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        Judge(updated, old.Spec.PodCIDRs, errors);
        Change(updated, old, errors);
    }

    protected override void ValidateStatus(StrategyContext c, Node updated, Node old, FieldErrors errors) => Change(updated, old, errors);

    protected override string? SelectableField(Node o, string field) =>
        field == "spec.unschedulable" ? (o.Spec.Unschedulable ? "true" : "false") : null;

    private static void Change(Node updated, Node old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        Resources(updated, errors);
        var addresses = updated.Status.Addresses;
        for (var i = 1; i < addresses.Count; i++)
            if (addresses.AsSpan()[..i].Contains(addresses[i]))
                errors.Duplicate(Paths.Status.Child("addresses").Index(i), addresses[i]);

        Specified(updated, old, errors);
        NodeConfigValidation.Validate(updated, errors);
        NodeTaints(updated, errors);
    }

    private static void Resources(Node node, FieldErrors errors)
    {
        foreach (var (name, quantity) in CommonRules.Sorted(node.Status.Capacity))
            ResourceNames.Amount(name, quantity, Paths.Status.Child("capacity").Child(name), errors);
        foreach (var (name, quantity) in CommonRules.Sorted(node.Status.Allocatable))
            ResourceNames.Amount(name, quantity, Paths.Status.Child("allocatable").Child(name), errors);
    }

    private static void Specified(Node updated, Node old, FieldErrors errors)
    {
        var (now, before) = (updated.Spec, old.Spec);
        if (before.PodCIDRs.Count > 0 && before.PodCIDRs != now.PodCIDRs)
            errors.Forbidden(Paths.Spec.Child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
        else
            before = before with { PodCIDR = now.PodCIDR, PodCIDRs = now.PodCIDRs };
        if (before.ProviderID.Length > 0 && before.ProviderID != now.ProviderID)
            errors.Forbidden(Paths.Spec.Child("providerID"), "node updates may not change providerID except from \"\" to valid");
        else
            before = before with { ProviderID = now.ProviderID };
        before = before with { Taints = now.Taints, Unschedulable = now.Unschedulable, ConfigSource = now.ConfigSource, ExternalID = now.ExternalID };
        if (before != now)
            errors.Add(new FieldError(FieldErrorType.Forbidden, "[]", "",
                "node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)"));
    }

    private static void NodeTaints(Node node, FieldErrors errors)
    {
        var taints = node.Spec.Taints;
        for (var i = 0; i < taints.Count; i++)
        {
            var at = Taints.Index(i);
            LabelValidation.LabelName(taints[i].Key, at.Child("key"), errors);
            if (ValidationRules.LabelValue(taints[i].Value) is { Count: > 0 } messages)
                errors.Invalid(at.Child("value"), taints[i].Value, string.Join(';', messages));
            SchedulingValidation.TaintEffect(taints[i].Effect, at.Child("effect"), errors);
            for (var j = 0; j < i; j++)
                if (taints[j].Key == taints[i].Key && taints[j].Effect == taints[i].Effect)
                {
                    errors.Add(new FieldError(FieldErrorType.Duplicate, at.ToString(), taints[i], "taints must be unique by key and effect pair"));
                    break;
                }
        }
    }

    /// <summary>podCIDR and the first of podCIDRs are one value; where they differ, podCIDR counts.</summary>
    private static NodeSpec PodCidrs(NodeSpec spec)
    {
        if (spec.PodCIDR.Length == 0)
            return spec.PodCIDRs.Count == 0 ? spec : spec with { PodCIDR = spec.PodCIDRs[0] };
        return spec.PodCIDRs.Count > 0 && spec.PodCIDRs[0] == spec.PodCIDR ? spec : spec with { PodCIDRs = [spec.PodCIDR] };
    }
}
