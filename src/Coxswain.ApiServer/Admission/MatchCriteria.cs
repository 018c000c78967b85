using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>Which requests a webhook, a policy or a binding has to do with.</summary>
/// <param name="Rules">The resources and operations, of which one must hold; null: all of them do.</param>
/// <param name="ExcludeRules">Those that are left out all the same.</param>
/// <param name="MatchesEquivalents">Rules hold for other versions of the same objects too.</param>
internal sealed record MatchCriteria(
    IReadOnlyList<MatchRule>? Rules,
    IReadOnlyList<MatchRule> ExcludeRules,
    bool MatchesEquivalents,
    LabelSelector NamespaceSelector,
    LabelSelector ObjectSelector)
{
    public static MatchCriteria Everything { get; } = new(null, [], true, LabelSelector.Empty, LabelSelector.Empty);

    public static MatchCriteria Of(MatchResources? match) => match is null ? Everything : new(
        match.ResourceRules.Count == 0 ? null : [.. match.ResourceRules.Select(MatchRule.Of)], [.. match.ExcludeResourceRules.Select(MatchRule.Of)], match.MatchPolicy != "Exact",
        match.NamespaceSelector ?? LabelSelector.Empty, match.ObjectSelector ?? LabelSelector.Empty);
}

/// <param name="Names">Of the objects; empty: all.</param>
internal sealed record MatchRule(
    ApiList<string> Operations, ApiList<string> ApiGroups, ApiList<string> ApiVersions, ApiList<string> Resources, string? Scope, ApiList<string> Names)
{
    public static MatchRule Of(RuleWithOperations rule) =>
        new(rule.Operations, rule.ApiGroups, rule.ApiVersions, rule.Resources, rule.Scope, default);

    public static MatchRule Of(NamedRuleWithOperations rule) =>
        new(rule.Operations, rule.ApiGroups, rule.ApiVersions, rule.Resources, rule.Scope, rule.ResourceNames);
}
