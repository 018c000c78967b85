using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Tests.Yaml;

public sealed class YamlConverterTests
{
    [Theory]
    [InlineData("a: yes", """{"a":true}""")]
    [InlineData("a: Off", """{"a":false}""")]
    [InlineData("a: y", """{"a":true}""")]
    [InlineData("a: 'yes'", """{"a":"yes"}""")]
    [InlineData("a: \"1\"", """{"a":"1"}""")]
    [InlineData("a: !!str 1", """{"a":"1"}""")]
    [InlineData("a: 0777", """{"a":511}""")]
    [InlineData("a: 0x1F", """{"a":31}""")]
    [InlineData("a: 0b101", """{"a":5}""")]
    [InlineData("a: 0o17", """{"a":15}""")]
    [InlineData("a: 1_000", """{"a":1000}""")]
    [InlineData("a: +12", """{"a":12}""")]
    [InlineData("a: 08", """{"a":8}""")]
    [InlineData("a: 1.0", """{"a":1}""")]
    [InlineData("a: 1.50", """{"a":1.5}""")]
    [InlineData("a: 1e3", """{"a":1000}""")]
    [InlineData("a: .5", """{"a":0.5}""")]
    [InlineData("a: 18446744073709551615", """{"a":18446744073709551615}""")]
    [InlineData("a: 2001-01-01", """{"a":"2001-01-01"}""")]
    [InlineData("a: 100m", """{"a":"100m"}""")]
    [InlineData("a: 1.2.3", """{"a":"1.2.3"}""")]
    [InlineData("a: ~", """{"a":null}""")]
    [InlineData("a:", """{"a":null}""")]
    [InlineData("1: a", """{"1":"a"}""")]
    [InlineData("on: a", """{"true":"a"}""")]
    [InlineData("a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}")]
    [InlineData("a: >-\n  x\n  y\n", """{"a":"x y"}""")]
    [InlineData("a: {b: [1, two], c: {}}", """{"a":{"b":[1,"two"],"c":{}}}""")]
    [InlineData("a: &x [1]\nb: *x", """{"a":[1],"b":[1]}""")]
    [InlineData("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3", """{"a":{"k":1,"l":2},"b":{"k":3,"l":2}}""")]
    [InlineData("a: !!binary aGk=", """{"a":"hi"}""")]
    [InlineData("{\"a\": [1, true, null]}", """{"a":[1,true,null]}""")]
    [InlineData("---\na: 1\n...\n", """{"a":1}""")]
    [InlineData("a: 1\n---\n", """{"a":1}""")]
    [InlineData("", "null")]
    public void Scalars_and_structures_are_those_of_upstream(string yaml, string json) => Assert.Equal(json, Json(yaml));

    [Theory]
    [InlineData("a: 1\n---\nb: 2", "yaml: expected a single document, but there is another one")]
    [InlineData("a: *x", "yaml: unknown anchor 'x' referenced")]
    [InlineData("a: &x [*x]", "yaml: anchor 'x' value contains itself")]
    [InlineData("a: .nan", "json: unsupported value: NaN")]
    [InlineData("a: \u0001", "yaml: control characters are not allowed")]
    [InlineData("<<: 1", "yaml: map merge requires map or sequence of maps as the value")]
    [InlineData("a: !!int x", "yaml: cannot decode !!str `x` as a !!int")]
    [InlineData("[1]: a", "yaml: line 1: a list or map cannot be a key")]
    public void What_cannot_be_read_is_refused_with_a_reason(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<DecodeException>(() => Json(yaml)).Message);

    [Theory]
    [InlineData("a: [", "yaml: line 1: did not find expected node content")]
    [InlineData("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: [", "yaml: line 4: did not find expected node content")]
    [InlineData("a: b: c", "yaml: mapping values are not allowed in this context")]
    [InlineData("x: 1\na: b: c", "yaml: line 2: mapping values are not allowed in this context")]
    [InlineData("a: [1\nb: 2\n", "yaml: line 1: did not find expected ',' or ']'")]
    [InlineData("a: \"x", "yaml: found unexpected end of stream")]
    public void Broken_yaml_is_worded_as_upstream_does(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<DecodeException>(() => Json(yaml)).Message);

    [Fact]
    public void A_repeated_key_counts_as_its_last_value_and_is_reported()
    {
        var report = new DecodeReport();
        Assert.Equal("""{"a":2,"b":{"c":4}}""", Encoding.UTF8.GetString(YamlConverter.ToJson("a: 1\na: 2\nb:\n  c: 3\n  c: 4"u8.ToArray(), report)));
        Assert.Equal(["yaml: unmarshal errors:\n  line 2: key \"a\" already set in map\n  line 5: key \"c\" already set in map"], report.Findings);
    }

    [Fact]
    public void Aliases_of_aliases_do_not_blow_up()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++)
            bomb.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        Assert.Equal("yaml: document contains excessive aliasing", Assert.Throws<DecodeException>(() => Json(bomb.ToString())).Message);
    }

    [Fact]
    public void Aliases_of_a_large_text_do_not_blow_up()
    {
        var bomb = new StringBuilder("a: &a \"" + new string('x', 1 << 20) + "\"\nb:\n");
        for (var i = 0; i < 200; i++)
            bomb.Append("- *a\n");
        Assert.Equal("yaml: document contains excessive aliasing", Assert.Throws<DecodeException>(() => Json(bomb.ToString())).Message);
    }

    [Fact]
    public void Merges_of_merges_do_not_blow_up()
    {
        var bomb = new StringBuilder("a0: &a0 {x: 1}\n");
        for (var i = 1; i < 40; i++)
            bomb.Append($"a{i}: &a{i}\n  <<: [*a{i - 1}, *a{i - 1}]\n");
        Assert.Equal("yaml: document contains excessive aliasing", Assert.Throws<DecodeException>(() => Json(bomb.ToString())).Message);
    }

    [Fact]
    public void A_document_nested_too_deeply_is_refused() =>
        Assert.Throws<DecodeException>(() => Json(new string('[', 100_000)));

    [Theory]
    [MemberData(nameof(Documents))]
    public void What_is_written_as_yaml_reads_back_as_the_same_json(string definition)
    {
        var document = SampleDocument.Of(SchemaType.Find(definition)!);
        document["odd"] = new JsonArray(
            "yes", "1", "", " x ", "a: b", "- a", "# c", "null", "x\ny", "x\n", "\n", " lead\nx", "tab\t", "'q'", "\"d\"", "0x1", "1_0", "é😀", "\u2028", "a\r\nb", "~",
            "<<", "=", "@a", "`a", "%a", "!a", "&a", "*a", "?", "-", ":", "[a", "{a", "a #b", "trailing ", "\u0085", "\ufeff", "2001-01-01", "\u0000\u007f", 1.5, 1e30, -3, true, null,
            new JsonArray(), new JsonObject(), new JsonArray(new JsonArray(1), new JsonObject { ["a"] = 1 }));
        var yaml = YamlConverter.FromJson(Encoding.UTF8.GetBytes(document.ToJsonString()));
        var back = JsonNode.Parse(YamlConverter.ToJson(Encoding.UTF8.GetBytes(yaml)));
        Assert.True(JsonNode.DeepEquals(document, back), yaml);
    }

    public static TheoryData<string> Documents => [Pod.Codec.Schema.Name, ConfigMap.Codec.Schema.Name, Apps.V1.Deployment.Codec.Schema.Name];

    [Fact]
    public void Yaml_is_written_sorted_and_plainly()
    {
        var yaml = YamlConverter.FromJson("""{"kind":"Pod","apiVersion":"v1","spec":{"b":["x",{"c":1,"a":"yes"}],"a":{},"e":[]},"text":"l1\nl2\n"}"""u8);
        Assert.Equal("apiVersion: v1\nkind: Pod\nspec:\n  a: {}\n  b:\n  - x\n  - a: \"yes\"\n    c: 1\n  e: []\ntext: |\n  l1\n  l2\n", yaml);
    }

    [Theory]
    [InlineData("2026-11-21T12:44:20Z", true)]
    [InlineData("2026-11-21t1:4:2.5+01:00", true)]
    [InlineData("2026-11-21 12:44:20", true)]
    [InlineData("2026-1-2", true)]
    [InlineData("12:30", true)]
    [InlineData("-1:59:00.5", true)]
    [InlineData("8080:80", false)]
    [InlineData("2026-13-02", false)]
    [InlineData("2026-02-30", false)]
    [InlineData("2026-11-21T12:44:20", false)]
    [InlineData("2026-11-21T25:44:20Z", false)]
    [InlineData("2026-11", false)]
    [InlineData("x2026-11-21", false)]
    public void A_text_that_looks_like_a_time_is_quoted(string text, bool quoted)
    {
        var yaml = YamlConverter.FromJson(Encoding.UTF8.GetBytes($"{{\"a\":\"{text}\"}}"));
        Assert.Equal(quoted ? $"a: \"{text}\"\n" : $"a: {text}\n", yaml);
    }

    private static string Json(string yaml) => Encoding.UTF8.GetString(YamlConverter.ToJson(Encoding.UTF8.GetBytes(yaml)));
}
