using Coxswain.ApiServer.Tests.Conformance;
using static Coxswain.ApiServer.Tests.CustomResources.Definitions;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>Definitions: how they are judged, and how their names are accepted.</summary>
[Collection(nameof(CustomCluster))]
public sealed class DefinitionTests(CustomCluster fixture) : IDisposable
{
    private const string Anything = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    private readonly Conformance.Api _api = new(fixture.Cluster);

    public void Dispose() => _api.Dispose();

    private async Task<Answer> JudgeAsync(string versions, string spec = "")
    {
        var group = NewGroup();
        return await _api.PostAsync(Definitions.Path + "?dryRun=All", Document(group, versions, spec: spec));
    }

    private static IEnumerable<string> Causes(Answer refused) => ((System.Text.Json.Nodes.JsonArray)refused.Expect(422)["details/causes"]!)
        .Select(cause => $"{(string?)cause!["field"]}: {(string?)cause["message"]}");

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{}}}""", "spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array"}}}""", "spec.validation.openAPIV3Schema.properties[a].items: Required value: must be specified")]
    [InlineData("""{"type":"object","anyOf":[{"type":"object"}]}""", "spec.validation.openAPIV3Schema.anyOf[0].type: Forbidden: must be empty to be structural")]
    [InlineData("""{"type":"object","anyOf":[{"properties":{"a":{"minimum":1}}}]}""", "spec.validation.openAPIV3Schema.properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[a]")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"object","$ref":"#/x"}}}""", "spec.validation.openAPIV3Schema.properties[a].$ref: Forbidden: $ref is not supported")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"object","default":{"b":1},"properties":{"c":{"type":"string"}}}}}""", "spec.validation.openAPIV3Schema.properties[a].default: Invalid value: {\"b\":1}: must not have unknown fields")]
    [InlineData("""{"type":"object","properties":{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}}}}""", "spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified")]
    [InlineData("""{"type":"object","nullable":true}""", "spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root")]
    public async Task A_schema_that_is_not_structural_is_refused(string schema, string cause) =>
        Assert.Contains(cause, Causes(await JudgeAsync(Version(schema))));

    [Fact]
    public async Task What_versions_have_alike_is_judged_once_and_what_differs_by_version()
    {
        const string Bad = """{"type":"object","properties":{"a":{}}}""";

        Assert.Equal(
            ["spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields"],
            Causes(await JudgeAsync(Version(Bad) + "," + Version(Bad, "v2", storage: false))));
        Assert.Equal(
            ["spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields"],
            Causes(await JudgeAsync(Version(Anything) + "," + Version(Bad, "v2", storage: false))));
    }

    [Fact]
    public async Task A_rule_that_does_not_compile_is_refused_with_the_place_where_it_breaks()
    {
        const string Ruled = """{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.none > 1"}]}}}""";

        var cause = Assert.Single(Causes(await JudgeAsync(Version(Ruled))));

        Assert.StartsWith("spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value:", cause, StringComparison.Ordinal);
        Assert.Contains("undefined field 'none'", cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_may_not_look_back_at_what_cannot_be_found_again()
    {
        const string Ruled = """{"type":"object","properties":{"list":{"type":"array","items":{"type":"integer","x-kubernetes-validations":[{"rule":"self >= oldSelf"}]}}}}""";

        Assert.Contains("oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[list]",
            Assert.Single(Causes(await JudgeAsync(Version(Ruled)))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_another_definition_has_are_not_accepted_until_it_goes()
    {
        var group = await new Definitions(_api).ThingsAsync(Anything);
        var rival = Document(group, Version(Anything)).Replace($"things.{group}", $"rivals.{group}", StringComparison.Ordinal)
            .Replace("\"plural\":\"things\"", "\"plural\":\"rivals\",\"singular\":\"rival\"", StringComparison.Ordinal);
        (await _api.PostAsync(Definitions.Path, rival)).Expect(201);

        var refused = await _api.UntilAsync(() => _api.GetAsync($"{Definitions.Path}/rivals.{group}"), answer => Condition(answer, "NamesAccepted", "status") == "False");
        Assert.Equal("ListKindConflict", Condition(refused, "NamesAccepted", "reason"));
        Assert.Equal("\"ThingList\" is already in use", Condition(refused, "NamesAccepted", "message"));
        Assert.Equal("NotAccepted", Condition(refused, "Established", "reason"));
        (await _api.GetAsync($"/apis/{group}/v1/rivals")).Expect(404);

        (await _api.DeleteAsync($"{Definitions.Path}/things.{group}")).Expect(200);
        await _api.UntilAsync(() => _api.GetAsync($"{Definitions.Path}/rivals.{group}"), answer => Condition(answer, "Established", "status") == "True");
        (await _api.GetAsync($"/apis/{group}/v1/rivals")).Expect(200);
    }

    [Fact]
    public async Task A_version_that_was_stored_must_stay_until_it_is_said_to_be_gone()
    {
        var group = NewGroup();
        var definitions = new Definitions(_api);
        await definitions.MakeAsync(group, Document(group, Version(Anything)));
        var path = $"{Definitions.Path}/things.{group}";

        var both = (await _api.MergeAsync(path, $$$"""{"spec":{"versions":[{{{Version(Anything, storage: false)}}},{{{Version(Anything, "v2")}}}]}}""")).Expect(200);
        Assert.Equal("""["v1","v2"]""", both["status/storedVersions"]!.ToJsonString());
        var refused = (await _api.MergeAsync(path, $$$"""{"spec":{"versions":[{{{Version(Anything, "v2")}}}]}}""")).Expect(422);
        Assert.Equal("status.storedVersions[0]", refused.String("details/causes/0/field"));

        (await _api.MergeAsync(path + "/status", """{"status":{"storedVersions":["v2"]}}""")).Expect(200);
        (await _api.MergeAsync(path, $$$"""{"spec":{"versions":[{{{Version(Anything, "v2")}}}]}}""")).Expect(200);
    }

    [Fact]
    public async Task A_group_of_Kubernetes_itself_needs_a_word_about_its_approval()
    {
        var refused = await _api.PostAsync(Definitions.Path + "?dryRun=All", Document("x.k8s.io", Version(Anything)));

        Assert.Equal("metadata.annotations[api-approved.kubernetes.io]", refused.Expect(422).String("details/causes/0/field"));
    }
}
