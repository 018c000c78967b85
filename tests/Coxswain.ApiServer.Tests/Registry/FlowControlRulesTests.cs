using Coxswain.Api.FlowControl.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Flow schemas and priority levels.</summary>
public sealed class FlowControlRulesTests
{
    private static string Schema(string rule) =>
        $$$"""{"metadata":{"name":"s"},"spec":{"priorityLevelConfiguration":{"name":"l"},"rules":[{{{rule}}}]}}""";

    [Theory]
    [InlineData("""{"subjects":[]}""",
        "spec.rules[0].subjects: Required value: subjects must contain at least one value",
        "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty")]
    [InlineData("""
        {"subjects":[{"kind":"User","group":{"name":"g"}},{"kind":"ServiceAccount","serviceAccount":{"name":"*"}},{"kind":"X"}],
         "resourceRules":[{"verbs":["eat"],"apiGroups":["*","a"],"resources":[]}],
         "nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["x","/a*"]}]}
        """,
        "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
        "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
        "spec.rules[0].subjects[1].serviceAccount.namespace: Required value: must specify namespace for service account",
        "spec.rules[0].subjects[2].kind: Unsupported value: \"X\": supported values: \"Group\", \"ServiceAccount\", \"User\"",
        "spec.rules[0].resourceRules[0].verbs: Unsupported value: [\"eat\"]: supported values: \"create\", \"delete\", \"deletecollection\", \"get\", \"list\", \"patch\", \"proxy\", \"update\", \"watch\"",
        "spec.rules[0].resourceRules[0].apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other api groups",
        "spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource",
        "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace",
        "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"x\": must start with slash",
        "spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"/a*\": wildcard can only do suffix matching")]
    public void Schemas_are_judged_in_upstreams_words(string rule, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<FlowSchema>(Schema(rule)));

    [Theory]
    [InlineData("l", """{"type":"Exempt"}""", "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'")]
    [InlineData("l", """{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":512,"handSize":8,"queueLengthLimit":-1}},"lendablePercent":101}}""",
        "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive",
        "spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60",
        "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive")]
    public void Levels_are_judged_in_upstreams_words(string name, string spec, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<PriorityLevelConfiguration>($$"""{"metadata":{"name":"{{name}}"},"spec":{{spec}}}"""));

    [Fact]
    public void What_everything_depends_on_stays_as_it_is()
    {
        Assert.EndsWith("spec of 'catch-all' must equal the fixed value",
            Assert.Single(Rules.Causes<FlowSchema>("""{"metadata":{"name":"catch-all"},"spec":{"priorityLevelConfiguration":{"name":"l"}}}""")),
            StringComparison.Ordinal);
        Assert.Empty(Rules.Causes<PriorityLevelConfiguration>(
            """{"metadata":{"name":"exempt"},"spec":{"type":"Exempt","exempt":{"nominalConcurrencyShares":7}}}"""));
        Assert.Empty(Rules.Causes<PriorityLevelConfiguration>(
            """{"metadata":{"name":"catch-all"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":5,"limitResponse":{"type":"Reject"}}}}"""));
    }
}
