using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.ServerSideApply;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests.ServerSideApply;

/// <summary>Laws of apply, tried with configurations put together at random.</summary>
public sealed class ApplyPropertiesTests
{
    private static readonly ObjectCodec Codec = Deployment.Descriptor.Codec;
    private static readonly ManagedFieldsManager Manager = ManagedFieldsManager.For(Codec);

    private static readonly Gen<string> Containers = Gen.Elements(
        """{"name":"a","image":"1"}""", """{"name":"b","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"}]}""",
        """{"name":"c","env":[{"name":"X","value":"1"}],"resources":{"limits":{"cpu":"1"}}}""", """{"name":"d","command":["x","y"]}""")
        .ListOf().Select(items => "[" + string.Join(',', items.Distinct()) + "]");

    private static readonly Gen<string> Configurations =
        from replicas in Gen.Elements("", "\"replicas\":1,", "\"replicas\":2,")
        from labels in Gen.Elements("{}", """{"l":"1"}""", """{"l":"2","m":"1"}""")
        from finalizers in Gen.Elements("[]", """["x/a"]""", """["x/b","x/a"]""")
        from containers in Containers
        select $$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{{{labels}}},"finalizers":{{{finalizers}}} },
             "spec":{ {{{replicas}}}"selector":{"matchLabels":{"app":"w"}},"template":{"spec":{"containers":{{{containers}}} } } } }
            """;

    private static readonly Gen<string> Anything = Gen.Elements(
        """{"apiVersion":"apps/v1","metadata":{"name":"d"},""", "\"spec\":{", "\"template\":{", "\"containers\":[", "{\"name\":\"a\"}", "}", "]", ",", "null", "1",
        "\"x\":", "\"\\ud800\"", "[[", "\"status\":{}", "\"replicas\":\"x\"").ListOf().Select(string.Concat);

    private static (byte[] Json, ApiList<ManagedFieldsEntry> Entries) Apply(
        (byte[] Json, ApiList<ManagedFieldsEntry> Entries) live, string manager, string configuration, int minute = 0)
    {
        var result = Manager.Apply(live.Json, Encoding.UTF8.GetBytes(configuration), live.Entries, force: true,
            new() { Manager = manager, Time = DateTimeOffset.UnixEpoch.AddMinutes(minute) });
        return (Codec.ToJson(Codec.ReadJson(result.Json.Span, null)), result.ManagedFields);
    }

    private static (byte[] Json, ApiList<ManagedFieldsEntry> Entries) Nothing => ([], default);

    [Fact]
    public void Applying_twice_changes_nothing() => Prop.ForAll(Configurations.ToArbitrary(), Configurations.ToArbitrary(), (before, configuration) =>
    {
        var once = Apply(Apply(Nothing, "other", before), "one", configuration);
        var twice = Apply(once, "one", configuration, minute: 5);
        return once.Json.AsSpan().SequenceEqual(twice.Json) && ManagedFieldsManager.DifferInTimeOnly(once.Entries, twice.Entries);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_applied_is_there_afterwards() => Prop.ForAll(Configurations.ToArbitrary(), Configurations.ToArbitrary(), (before, configuration) =>
    {
        var result = Apply(Apply(Nothing, "other", before), "one", configuration);
        return Contains(JsonNode.Parse(result.Json), JsonNode.Parse(Codec.ToJson(Codec.ReadJson(Encoding.UTF8.GetBytes(configuration), null))));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_only_manager_gets_exactly_what_it_applied_last() => Prop.ForAll(Configurations.ToArbitrary(), Configurations.ToArbitrary(), (first, second) =>
        JsonNode.DeepEquals(Sorted(Apply(Apply(Nothing, "one", first), "one", second).Json), Sorted(Apply(Nothing, "one", second).Json)))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void What_nobody_else_applies_is_refused_only_by_name_of_its_owner() => Prop.ForAll(Configurations.ToArbitrary(), Configurations.ToArbitrary(), (first, second) =>
    {
        var live = Apply(Nothing, "one", first);
        try
        {
            Manager.Apply(live.Json, Encoding.UTF8.GetBytes(second), live.Entries, force: false, new() { Manager = "two", Time = DateTimeOffset.UnixEpoch });
            return true;
        }
        catch (ApiException conflict)
        {
            return conflict.Code == 409 && conflict.Message.Contains("\"one\"", StringComparison.Ordinal);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_is_applied_or_refused() => Prop.ForAll(Anything.ToArbitrary(), text =>
    {
        try
        {
            return Manager.Apply(default, Encoding.UTF8.GetBytes(text), default, force: false, new() { Manager = "m", Time = DateTimeOffset.UnixEpoch }).Json.Length > 0;
        }
        catch (ApiException refused)
        {
            return refused.Code is 400 or 500;
        }
    }).QuickCheckThrowOnFailure();

    // Lists of objects with names may hold more; other values must be equal.
    private static bool Contains(JsonNode? all, JsonNode? part) => part switch
    {
        null => true,
        JsonObject members => all is JsonObject whole && members.All(member => Contains(whole[member.Key], member.Value)),
        JsonArray items when items.All(item => item is JsonObject) => all is JsonArray list && items.All(item => list.Any(other => Contains(other, item))),
        JsonArray { Count: 0 } => true,
        JsonArray items when items[0]!.ToString().StartsWith("x/", StringComparison.Ordinal) => items.All(item => all!.AsArray().Any(other => JsonNode.DeepEquals(item, other))),
        _ => JsonNode.DeepEquals(all, part),
    };

    // The order of what stayed is not part of this law, nor what is left of emptied maps and lists.
    private static JsonNode? Sorted(byte[] json) => Sorted(JsonNode.Parse(json));

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Sorted(member.Value))).Where(member => !IsHollow(member.Value))),
        JsonArray items => new JsonArray([.. items.Select(Sorted).OrderBy(item => item?.ToJsonString(), StringComparer.Ordinal)]),
        _ => node?.DeepClone(),
    };

    private static bool IsHollow(JsonNode? node) => node is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
}
