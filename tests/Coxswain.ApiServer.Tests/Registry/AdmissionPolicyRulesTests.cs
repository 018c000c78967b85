using Coxswain.Api.AdmissionRegistration.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Validating and mutating policies and their bindings.</summary>
public sealed class AdmissionPolicyRulesTests
{
    private const string Match =
        """ "matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]} """;

    private static string Policy(string members) => $$$"""{"metadata":{"name":"p"},"spec":{{{{members}}}}}""";

    [Fact]
    public void A_policy_fails_closed_and_matches_equivalent_requests_of_every_scope()
    {
        var policy = Rules.Create<ValidatingAdmissionPolicy>(Policy(Match + ""","validations":[{"expression":"true"}]"""));

        Assert.Equal(("Fail", "Equivalent", "*"),
            (policy.Spec.FailurePolicy, policy.Spec.MatchConstraints!.MatchPolicy, policy.Spec.MatchConstraints.ResourceRules[0].Scope));
        Assert.NotNull(policy.Spec.MatchConstraints.NamespaceSelector);
    }

    [Theory]
    [InlineData("",
        "spec.matchConstraints: Required value",
        "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
        "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item")]
    [InlineData(Match + """
        ,
        "failurePolicy":"F","paramKind":{"apiVersion":"A/1","kind":"K_"},"variables":[{"name":"1","expression":" "}],
        "validations":[{"expression":"true ||\nfalse","reason":"R"}],"auditAnnotations":[{"key":"k","valueExpression":""}]
        """,
        "spec.failurePolicy: Unsupported value: \"F\": supported values: \"Fail\", \"Ignore\"",
        "spec.paramKind.apiVersion: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        "spec.paramKind.apiVersion: Invalid value: \"1\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        "spec.paramKind.kind: Invalid value: \"K_\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        "spec.variables[0].name: Invalid value: \"1\": name is not a valid CEL identifier",
        "spec.variables[0].expression: Required value: expression is not specified",
        "spec.validations[0].message: Required value: message must be specified if expression contains line breaks",
        "spec.validations[0].reason: Unsupported value: \"R\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\", \"Unauthorized\"",
        "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified")]
    public void Validating_policies_are_judged_in_upstreams_words(string members, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<ValidatingAdmissionPolicy>(Policy(members)));

    [Theory]
    [InlineData("",
        "spec.matchConstraints: Required value",
        "spec.mutations: Required value: mutations must contain at least one item",
        "spec.reinvocationPolicy: Required value")]
    [InlineData("""
        "reinvocationPolicy":"Sometimes","mutations":[{"patchType":"JSONPatch","applyConfiguration":{"expression":"x"}},{"patchType":"P"},
        {"patchType":"ApplyConfiguration","applyConfiguration":{"expression":" "}}],
        "matchConstraints":{"resourceRules":[{"operations":["DELETE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]}
        """,
        "spec.matchConstraints.resourceRules.operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"",
        "spec.mutations[0].applyConfiguration: Invalid value: \"{applyConfiguration}\": must not be specified when patchType is JSONPatch",
        "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
        "spec.mutations[1].patchType: Unsupported value: \"P\": supported values: \"ApplyConfiguration\", \"JSONPatch\"",
        "spec.mutations[2].applyConfiguration.expression: Required value: expression is not specified",
        "spec.reinvocationPolicy: Unsupported value: \"Sometimes\": supported values: \"Never\", \"IfNeeded\"")]
    public void Mutating_policies_are_judged_in_upstreams_words(string members, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<MutatingAdmissionPolicy>(Policy(members)));

    [Theory]
    [InlineData("", "spec.policyName: Required value", "spec.validationActions: Required value: at least one validation action is required")]
    [InlineData("""
        "policyName":"p","validationActions":["Deny","Warn","Deny"],"paramRef":{"name":"n","selector":{}}
        """,
        "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
        "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
        "spec.paramRef.parameterNotFoundAction: Required value",
        "spec.validationActions[2]: Duplicate value: \"Deny\"",
        "spec.validationActions: Invalid value: [\"Deny\",\"Warn\",\"Deny\"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)")]
    public void Bindings_are_judged_in_upstreams_words(string members, params string[] causes) =>
        Assert.Equal(causes, Rules.Causes<ValidatingAdmissionPolicyBinding>(Policy(members)));

    [Fact]
    public void A_binding_of_a_mutating_policy_leaves_deletions_alone() => Assert.Equal(
        ["spec.matchResources.resourceRules.operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\""],
        Rules.Causes<MutatingAdmissionPolicyBinding>(Policy(
            """
            "policyName":"p","matchResources":{"resourceRules":[{"operations":["DELETE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]}
            """)));
}
