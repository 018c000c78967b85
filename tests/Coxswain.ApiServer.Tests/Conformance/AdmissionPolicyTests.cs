using System.Text.Json.Nodes;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Conformance;

/// <summary>ValidatingAdmissionPolicy and MutatingAdmissionPolicy.</summary>
public sealed class AdmissionPolicyTests : IAsyncLifetime
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1";
    private const string ConfigMaps = """{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"],"operations":["CREATE","UPDATE"]}]}""";

    private TestCluster _cluster = null!;
    private Api _api = null!;
    private string _namespace = "";

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(TestContext.Current.CancellationToken);
        _api = new(_cluster);
        _namespace = await _api.NamespaceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _cluster.DisposeAsync();
    }

    /// <param name="spec">Beside the match constraints.</param>
    private async Task PolicyAsync(string spec, string binding = """ "validationActions":["Deny"]""", string match = ConfigMaps, string kind = "Validating")
    {
        var plural = $"{kind.ToLowerInvariant()}admissionpolic";
        (await _api.PostAsync($"{Group}/{plural}ies", $$$"""{"metadata":{"name":"policy"},"spec":{"matchConstraints":{{{match}}},{{{spec}}}}}""")).Expect(201);
        (await _api.PostAsync($"{Group}/{plural}ybindings", $$$"""{"metadata":{"name":"binding"},"spec":{"policyName":"policy"{{{(binding.Length > 0 ? "," + binding : "")}}}}}""")).Expect(201);
    }

    private Task<Answer> CreateAsync(string name, string data = """{"mode":"bad"}""") =>
        _api.PostAsync($"/api/v1/namespaces/{_namespace}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"},"data":{{{data}}}}""");

    private Task<Answer> DeniedAsync() => _api.UntilAsync(() => CreateAsync("bad-" + Guid.NewGuid().ToString("N")), answer => answer.Code != 201);

    [Fact]
    public async Task What_a_policy_denies_does_not_happen_and_the_client_is_told_why()
    {
        await PolicyAsync(""" "validations":[{"expression":"!has(object.data.mode) || object.data.mode != 'bad'"}] """);
        var denied = await DeniedAsync();
        Assert.Equal(422, denied.Code);
        Assert.Equal("Invalid", (string?)denied.Json["reason"]);
        Assert.Matches(
            """^configmaps "bad-.*" is forbidden: ValidatingAdmissionPolicy 'policy' with binding 'binding' denied request: failed expression: !has\(object.data.mode\) \|\| object.data.mode != 'bad'$""",
            denied.Message);
        Assert.Equal("failed expression: !has(object.data.mode) || object.data.mode != 'bad'", (string?)denied.Json["details"]!["causes"]![0]!["message"]);
        (await CreateAsync("good", """{"mode":"fine"}""")).Expect(201);
        Assert.Equal(422, (await _api.MergeAsync($"/api/v1/namespaces/{_namespace}/configmaps/good", """{"data":{"mode":"bad"}}""")).Code);
    }

    [Fact]
    public async Task Messages_reasons_and_variables_are_the_policys_own()
    {
        await PolicyAsync("""
            "variables":[{"name":"mode","expression":"object.?data.?mode.orValue('none')"},{"name":"twice","expression":"variables.mode + variables.mode"}],
            "validations":[
              {"expression":"variables.mode != 'none'","message":"there must be a mode","reason":"Forbidden"},
              {"expression":"variables.twice != 'badbad'","messageExpression":"'not ' + variables.mode + ' for ' + request.userInfo.username","reason":"Unauthorized"}]
            """);
        var denied = await DeniedAsync();
        Assert.Equal((401, "Unauthorized"), (denied.Code, (string?)denied.Json["reason"]));
        Assert.EndsWith("denied request: not bad for " + (string?)(await WhoAmIAsync()), denied.Message, StringComparison.Ordinal);
        var none = await CreateAsync("none", "{}");
        Assert.Equal(403, none.Code);
        Assert.EndsWith("denied request: there must be a mode", none.Message, StringComparison.Ordinal);
    }

    private async Task<JsonNode?> WhoAmIAsync() =>
        (await _api.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")).Json["status"]!["userInfo"]!["username"];

    [Fact]
    public async Task Failures_of_the_expression_follow_the_failure_policy()
    {
        await PolicyAsync(""" "validations":[{"expression":"object.data.missing == 'x'"}] """);
        var denied = await DeniedAsync();
        Assert.EndsWith("denied request: expression 'object.data.missing == 'x'' resulted in error: no such key: missing", denied.Message, StringComparison.Ordinal);

        (await _api.MergeAsync($"{Group}/validatingadmissionpolicies/policy", """{"spec":{"failurePolicy":"Ignore"}}""")).Expect(200);
        await _api.UntilAsync(() => CreateAsync("ok-" + Guid.NewGuid().ToString("N")), answer => answer.Code == 201);
    }

    [Fact]
    public async Task Match_conditions_the_namespace_and_the_authorizer_can_be_asked()
    {
        await PolicyAsync("""
            "matchConditions":[{"name":"only-bad","expression":"request.name.startsWith('bad')"}],
            "validations":[{"expression":"namespaceObject.metadata.name != request.namespace || !authorizer.group('').resource('secrets').namespace(request.namespace).check('get').allowed()",
              "message":"no"}]
            """);
        Assert.EndsWith("denied request: no", (await DeniedAsync()).Message, StringComparison.Ordinal);
        (await CreateAsync("other")).Expect(201);
    }

    [Fact]
    public async Task Bindings_may_warn_instead_of_denying()
    {
        await PolicyAsync(""" "validations":[{"expression":"object.data.mode != 'bad'","message":"a bad mode"}] """, """ "validationActions":["Warn","Audit"] """);
        var warned = await _api.UntilAsync(() => CreateAsync("bad-" + Guid.NewGuid().ToString("N")), answer => answer.Warnings.Count > 0);
        warned.Expect(201);
        Assert.Equal("299 - \"Validation failed for ValidatingAdmissionPolicy 'policy' with binding 'binding': a bad mode\"", Assert.Single(warned.Warnings));
    }

    [Fact]
    public async Task Parameters_come_from_objects_of_the_kind_that_the_policy_names()
    {
        (await _api.PostAsync($"/api/v1/namespaces/{_namespace}/configmaps", """{"metadata":{"name":"limits"},"data":{"forbidden":"bad"}}""")).Expect(201);
        await PolicyAsync(
            """ "paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"!has(object.data) || object.data.mode != params.data.forbidden"}] """,
            """ "validationActions":["Deny"],"paramRef":{"name":"limits","parameterNotFoundAction":"Deny"} """);
        Assert.EndsWith("failed expression: !has(object.data) || object.data.mode != params.data.forbidden", (await DeniedAsync()).Message, StringComparison.Ordinal);
        (await CreateAsync("fine", """{"mode":"fine"}""")).Expect(201);

        (await _api.DeleteAsync($"/api/v1/namespaces/{_namespace}/configmaps/limits")).Expect(200);
        var missing = await _api.UntilAsync(() => CreateAsync("m-" + Guid.NewGuid().ToString("N"), """{"mode":"fine"}"""), answer => answer.Code != 201);
        Assert.EndsWith("denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_binding_narrows_what_its_policy_matches()
    {
        await PolicyAsync(
            """ "validations":[{"expression":"false","message":"never"}] """,
            """ "validationActions":["Deny"],"matchResources":{"objectSelector":{"matchLabels":{"watched":"yes"}}} """);
        var denied = await _api.UntilAsync(
            () => _api.PostAsync($"/api/v1/namespaces/{_namespace}/configmaps", """{"metadata":{"generateName":"w-","labels":{"watched":"yes"}}}"""), answer => answer.Code != 201);
        Assert.Equal(422, denied.Code);
        (await CreateAsync("unwatched")).Expect(201);
    }

    [Fact]
    public async Task A_mutating_policy_merges_what_it_makes_into_the_object()
    {
        await PolicyAsync(
            """ "reinvocationPolicy":"Never","mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{metadata: Object.metadata{labels: {'added': 'by-policy'}}, data: {'name': object.metadata.name}}"}}] """, "", kind: "Mutating");
        var changed = await _api.UntilAsync(
            () => CreateAsync("m-" + Guid.NewGuid().ToString("N")), answer => answer.Json["metadata"]!["labels"] is not null);
        Assert.Equal("by-policy", (string?)changed.Json["metadata"]!["labels"]!["added"]);
        Assert.Equal("bad", (string?)changed.Json["data"]!["mode"]);
        Assert.Equal((string?)changed.Json["metadata"]!["name"], (string?)changed.Json["data"]!["name"]);
    }

    [Fact]
    public async Task A_mutating_policy_may_patch()
    {
        await PolicyAsync(
            """ "reinvocationPolicy":"Never","mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{op: 'test', path: '/data/mode', value: 'bad'}, JSONPatch{op: 'replace', path: '/data/mode', value: 'mended'}, JSONPatch{op: 'add', path: '/metadata/labels', value: {}}, JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/x'), value: 'z'}]"}}] """, "", kind: "Mutating");
        var changed = await _api.UntilAsync(() => CreateAsync("p-" + Guid.NewGuid().ToString("N")), answer => answer.Code == 201 && (string?)answer.Json["data"]!["mode"] != "bad");
        Assert.Equal("mended", (string?)changed.Json["data"]!["mode"]);
        Assert.Equal("z", (string?)changed.Json["metadata"]!["labels"]!["example.com/x"]);
        var refused = await CreateAsync("other", """{"mode":"other"}""");
        Assert.Equal(422, refused.Code);
        Assert.Contains("MutatingAdmissionPolicy 'policy' with binding 'binding' denied request: error applying patch: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expression_that_does_not_compile_is_refused_with_its_place()
    {
        var refused = await _api.PostAsync($"{Group}/validatingadmissionpolicies", $$$"""
            {"metadata":{"name":"wrong"},"spec":{"matchConstraints":{{{ConfigMaps}}},"validations":[{"expression":"object.data.mode = 'x'"},{"expression":"'text'"}]}}
            """);
        Assert.Equal(422, refused.Code);
        Assert.Equal("spec.validations[0].expression", refused.String("details/causes/0/field"));
        Assert.StartsWith(
            "Invalid value: \"object.data.mode = 'x'\": compilation failed: ERROR: <input>:1:18: Syntax error:", refused.String("details/causes/0/message"), StringComparison.Ordinal);
        Assert.Equal("Invalid value: \"'text'\": must evaluate to bool", refused.String("details/causes/1/message"));
    }

    [Fact]
    public async Task The_status_tells_of_fields_that_the_kind_does_not_have()
    {
        await PolicyAsync(
            """ "validations":[{"expression":"object.spec.replicas > 1"},{"expression":"object.spec.replica > 1 && object.metadata.name != ''"}] """,
            match: """{"resourceRules":[{"apiGroups":["apps"],"apiVersions":["v1"],"resources":["deployments"],"operations":["CREATE"]}]}""");
        var checkedPolicy = await _api.UntilAsync(() => _api.GetAsync($"{Group}/validatingadmissionpolicies/policy"), answer => answer["status/typeChecking"] is not null);
        Assert.Single(checkedPolicy["status/typeChecking/expressionWarnings"]!.AsArray());
        Assert.Equal("spec.validations[1].expression", checkedPolicy.String("status/typeChecking/expressionWarnings/0/fieldRef"));
        Assert.StartsWith(
            "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'\n", checkedPolicy.String("status/typeChecking/expressionWarnings/0/warning"), StringComparison.Ordinal);
        Assert.Equal(1, (int?)checkedPolicy["status/observedGeneration"]);
    }
}
