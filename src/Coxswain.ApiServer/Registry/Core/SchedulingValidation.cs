using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges where a pod wants to go: affinity, tolerations, spreading.</summary>
internal static class SchedulingValidation
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    public static void Affinity(Affinity? affinity, FieldPath path, FieldErrors errors)
    {
        if (affinity is null)
            return;
        if (affinity.NodeAffinity is { } node)
            NodeAffinity(node, path.Child("nodeAffinity"), errors);
        if (affinity.PodAffinity is { } pod)
            PodAffinity(pod.RequiredDuringSchedulingIgnoredDuringExecution, pod.PreferredDuringSchedulingIgnoredDuringExecution,
                path.Child("podAffinity"), errors);
        if (affinity.PodAntiAffinity is { } anti)
            PodAffinity(anti.RequiredDuringSchedulingIgnoredDuringExecution, anti.PreferredDuringSchedulingIgnoredDuringExecution,
                path.Child("podAntiAffinity"), errors);
    }

    public static void NodeSelector(NodeSelector selector, FieldPath path, FieldErrors errors)
    {
        if (selector.NodeSelectorTerms.Count == 0)
            errors.Required(path.Child("nodeSelectorTerms"), "must have at least one node selector term");
        for (var i = 0; i < selector.NodeSelectorTerms.Count; i++)
            Term(selector.NodeSelectorTerms[i], path.Child("nodeSelectorTerms").Index(i), errors);
    }

    public static void Tolerations(ApiList<Toleration> tolerations, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < tolerations.Count; i++)
        {
            var toleration = tolerations[i];
            var at = path.Index(i);
            if (toleration.Key.Length > 0)
                LabelValidation.LabelName(toleration.Key, at.Child("key"), errors);
            else if (toleration.Operator != "Exists")
                errors.Invalid(at.Child("operator"), toleration.Operator,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            if (toleration.TolerationSeconds is not null && toleration.Effect != "NoExecute")
                errors.Invalid(at.Child("effect"), toleration.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
            switch (toleration.Operator)
            {
                case "" or "Equal":
                    if (ValidationRules.LabelValue(toleration.Value) is { Count: > 0 } messages)
                        errors.Invalid(at.Child("operator"), toleration.Value, string.Join(';', messages));
                    break;
                case "Exists":
                    if (toleration.Value.Length > 0)
                        errors.Invalid(at.Child("operator"), toleration, "value must be empty when `operator` is 'Exists'");
                    break;
                default:
                    errors.NotSupported(at.Child("operator"), toleration.Operator, "Equal", "Exists");
                    break;
            }

            if (toleration.Effect.Length > 0)
                TaintEffect(toleration.Effect, at.Child("effect"), errors);
        }
    }

    public static void TaintEffect(string effect, FieldPath path, FieldErrors errors) =>
        CommonRules.OneOf(effect, path, errors, TaintEffects);

    private static readonly string[] TaintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    public static void TopologySpread(ApiList<TopologySpreadConstraint> constraints, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < constraints.Count; i++)
        {
            var constraint = constraints[i];
            var at = path.Index(i);
            if (constraint.MaxSkew <= 0)
                errors.Invalid(at.Child("maxSkew"), constraint.MaxSkew, "must be greater than zero");
            if (constraint.TopologyKey.Length == 0)
                errors.Required(at.Child("topologyKey"), "can not be empty");
            else
                LabelValidation.LabelName(constraint.TopologyKey, at.Child("topologyKey"), errors);
            if (constraint.WhenUnsatisfiable is not ("DoNotSchedule" or "ScheduleAnyway"))
                errors.NotSupported(at.Child("whenUnsatisfiable"), constraint.WhenUnsatisfiable, "DoNotSchedule", "ScheduleAnyway");
            for (var j = i + 1; j < constraints.Count; j++)
                if (constraints[j].TopologyKey == constraint.TopologyKey && constraints[j].WhenUnsatisfiable == constraint.WhenUnsatisfiable)
                {
                    errors.Duplicate(at.Child("{topologyKey, whenUnsatisfiable}"), $"{{{constraint.TopologyKey}, {constraint.WhenUnsatisfiable}}}");
                    break;
                }

            if (constraint.MinDomains <= 0)
                errors.Invalid(at.Child("minDomains"), constraint.MinDomains, "must be greater than zero");
            if (constraint.MinDomains is not null && constraint.WhenUnsatisfiable != "DoNotSchedule")
                errors.Invalid(at.Child("minDomains"), constraint.MinDomains,
                    $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {constraint.WhenUnsatisfiable}");
            CommonRules.OptionalOneOf(constraint.NodeAffinityPolicy, at.Child("nodeAffinityPolicy"), errors, "Honor", "Ignore");
            CommonRules.OptionalOneOf(constraint.NodeTaintsPolicy, at.Child("nodeTaintsPolicy"), errors, "Honor", "Ignore");
            LabelKeys(constraint.MatchLabelKeys, constraint.LabelSelector, at.Child("matchLabelKeys"), errors);
            NotSelectedTwice(constraint.MatchLabelKeys, constraint.LabelSelector, at.Child("matchLabelKeys"), errors);
            LabelValidation.Selector(constraint.LabelSelector, at.Child("labelSelector"), errors);
        }
    }

    private static void NodeAffinity(NodeAffinity affinity, FieldPath path, FieldErrors errors)
    {
        if (affinity.RequiredDuringSchedulingIgnoredDuringExecution is { } required)
            NodeSelector(required, path.Child(Required), errors);
        var preferred = affinity.PreferredDuringSchedulingIgnoredDuringExecution;
        for (var i = 0; i < preferred.Count; i++)
        {
            var at = path.Child(Preferred).Index(i);
            Weight(preferred[i].Weight, at, errors);
            Term(preferred[i].Preference, at.Child("preference"), errors, anyValues: true);
        }
    }

    private static void Weight(int weight, FieldPath path, FieldErrors errors)
    {
        if (weight is < 1 or > 100)
            errors.Invalid(path.Child("weight"), weight, "must be in the range 1-100");
    }

    private static void Term(NodeSelectorTerm term, FieldPath path, FieldErrors errors, bool anyValues = false)
    {
        for (var i = 0; i < term.MatchExpressions.Count; i++)
            Requirement(term.MatchExpressions[i], path.Child("matchExpressions").Index(i), errors, anyValues);
        for (var i = 0; i < term.MatchFields.Count; i++)
            FieldRequirement(term.MatchFields[i], path.Child("matchFields").Index(i), errors);
    }

    private static void Requirement(NodeSelectorRequirement requirement, FieldPath path, FieldErrors errors, bool anyValues)
    {
        if (requirement.Operator is not ("Gt" or "Lt"))
            LabelValidation.Operator(requirement.Operator, requirement.Values.Count, path, errors);
        else if (requirement.Values.Count != 1)
            errors.Required(path.Child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
        LabelValidation.KeyAndValues(requirement.Key, anyValues ? default : requirement.Values, path, errors);
    }

    private static void FieldRequirement(NodeSelectorRequirement requirement, FieldPath path, FieldErrors errors)
    {
        if (requirement.Operator is not ("In" or "NotIn"))
            errors.Invalid(path.Child("operator"), requirement.Operator, "not a valid selector operator");
        else if (requirement.Values.Count != 1)
            errors.Required(path.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        if (requirement.Key != "metadata.name")
        {
            errors.Invalid(path.Child("key"), requirement.Key, "not a valid field selector key");
            return;
        }

        for (var i = 0; i < requirement.Values.Count; i++)
            errors.Invalid(path.Child("values").Index(i), requirement.Values[i], ValidationRules.Dns1123Subdomain(requirement.Values[i]));
    }

    private static void PodAffinity(
        ApiList<PodAffinityTerm> required, ApiList<WeightedPodAffinityTerm> preferred, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < required.Count; i++)
            PodTerm(required[i], path.Child(Required).Index(i), errors);
        for (var i = 0; i < preferred.Count; i++)
        {
            var at = path.Child(Preferred).Index(i);
            Weight(preferred[i].Weight, at, errors);
            PodTerm(preferred[i].PodAffinityTerm, at.Child("podAffinityTerm"), errors);
        }
    }

    private static void PodTerm(PodAffinityTerm term, FieldPath path, FieldErrors errors)
    {
        LabelValidation.Selector(term.LabelSelector, path.Child("labelSelector"), errors);
        LabelValidation.Selector(term.NamespaceSelector, path.Child("namespaceSelector"), errors);
        foreach (var name in term.Namespaces)
            errors.Invalid(path.Child("namespace"), name, ValidationRules.Dns1123Label(name));
        LabelKeys(term.MatchLabelKeys, term.LabelSelector, path.Child("matchLabelKeys"), errors);
        LabelKeys(term.MismatchLabelKeys, term.LabelSelector, path.Child("mismatchLabelKeys"), errors);
        NotSelectedTwice(term.MatchLabelKeys, term.LabelSelector, path, errors);
        for (var i = 0; i < term.MatchLabelKeys.Count; i++)
            if (CommonRules.Contains(term.MismatchLabelKeys, term.MatchLabelKeys[i]))
                errors.Invalid(path.Child("matchLabelKeys").Index(i), term.MatchLabelKeys[i], "exists in both matchLabelKeys and mismatchLabelKeys");
        if (term.TopologyKey.Length == 0)
            errors.Required(path.Child("topologyKey"), "can not be empty");
        LabelValidation.LabelName(term.TopologyKey, path.Child("topologyKey"), errors);
    }

    private static void LabelKeys(ApiList<string> keys, Api.Meta.V1.LabelSelector? selector, FieldPath path, FieldErrors errors)
    {
        if (keys.Count > 0 && selector is null)
        {
            errors.Forbidden(path, "must not be specified when labelSelector is not set");
            return;
        }

        for (var i = 0; i < keys.Count; i++)
            LabelValidation.LabelName(keys[i], path.Index(i), errors);
    }

    /// <summary>The value of each key has been put into the selector before; whoever selects by it besides contradicts himself.</summary>
    private static void NotSelectedTwice(ApiList<string> keys, Api.Meta.V1.LabelSelector? selector, FieldPath path, FieldErrors errors)
    {
        if (keys.Count == 0 || selector is null)
            return;
        var selected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, _) in selector.MatchLabels)
            selected.Add(key);
        foreach (var expression in selector.MatchExpressions)
            if (!selected.Add(expression.Key) && keys.AsSpan().LastIndexOf(expression.Key) is var at and >= 0)
                errors.Invalid(path.Index(at), expression.Key, "exists in both matchLabelKeys and labelSelector");
    }
}
