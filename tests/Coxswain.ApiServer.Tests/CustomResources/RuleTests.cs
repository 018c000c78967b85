using static Coxswain.ApiServer.Tests.CustomResources.Definitions;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>Rules of schemas that are expressions.</summary>
[Collection(nameof(CustomCluster))]
public sealed class RuleTests(CustomCluster fixture) : IDisposable
{
    private const string Ruled =
        """
        {"type":"object","properties":{"spec":{"type":"object","properties":{"min":{"type":"integer"},"max":{"type":"integer"},"name":{"type":"string"}},
        "x-kubernetes-validations":[
          {"rule":"!has(self.max) || self.min <= self.max","message":"min must not be greater than max"},
          {"rule":"!has(self.max) || self.max < 100","messageExpression":"'max is ' + string(self.max)","reason":"FieldValueForbidden","fieldPath":".max"},
          {"rule":"self.name == oldSelf.name","message":"the name is for ever"}]}}}
        """;

    private readonly Conformance.Api _api = new(fixture.Cluster);

    public void Dispose() => _api.Dispose();

    private async Task<(string Group, string Path)> ThingsAsync()
    {
        var group = await new Definitions(_api).ThingsAsync(Ruled);
        return (group, $"/apis/{group}/v1/namespaces/{await _api.NamespaceAsync()}/things");
    }

    [Fact]
    public async Task An_object_that_breaks_a_rule_is_refused_in_the_words_of_the_rule()
    {
        var (group, path) = await ThingsAsync();

        var refused = (await _api.PostAsync(path, Thing(group, "a", ""","spec":{"min":3,"max":2,"name":"x"}"""))).Expect(422);

        Assert.Equal("spec", refused.String("details/causes/0/field"));
        Assert.Equal("Invalid value: \"object\": min must not be greater than max", refused.String("details/causes/0/message"));
    }

    [Fact]
    public async Task A_rule_may_say_where_and_why_and_make_its_words_itself()
    {
        var (group, path) = await ThingsAsync();

        var refused = (await _api.PostAsync(path, Thing(group, "a", ""","spec":{"min":3,"max":200,"name":"x"}"""))).Expect(422);

        Assert.Equal("spec.max", refused.String("details/causes/0/field"));
        Assert.Equal("FieldValueForbidden", refused.String("details/causes/0/reason"));
        Assert.Equal("Forbidden: max is 200", refused.String("details/causes/0/message"));
    }

    [Fact]
    public async Task A_rule_about_a_change_is_asked_only_when_there_was_something_before()
    {
        var (group, path) = await ThingsAsync();
        (await _api.PostAsync(path, Thing(group, "a", ""","spec":{"min":1,"max":2,"name":"x"}"""))).Expect(201);

        (await _api.MergeAsync(path + "/a", """{"spec":{"max":3}}""")).Expect(200);
        var refused = (await _api.MergeAsync(path + "/a", """{"spec":{"name":"y"}}""")).Expect(422);

        Assert.Equal("Invalid value: \"object\": the name is for ever", refused.String("details/causes/0/message"));
    }

    [Fact]
    public async Task Rules_are_not_asked_about_values_of_the_wrong_type()
    {
        var (group, path) = await ThingsAsync();

        var refused = (await _api.PostAsync(path, Thing(group, "a", ""","spec":{"min":"x","max":2,"name":"x"}"""))).Expect(422);

        Assert.Contains("some validation rules were not checked because the object was invalid", refused.Message, StringComparison.Ordinal);
    }
}
