using System.Text;
using System.Text.Json;

namespace Coxswain.Cel.Tests;

public class JsonTests
{
    private static readonly CelType Spec = CelType.Object("spec", name => name switch
    {
        "replicas" => CelType.Int,
        "ratio" => CelType.Double,
        "since" => CelType.Timestamp,
        "wait" => CelType.Duration,
        "data" => CelType.Bytes,
        "min__dash__size" or "__if__" => CelType.Int,
        "tags" => CelType.List(CelType.String, CelListKind.Set, []),
        "labels" => CelType.Map(CelType.String, CelType.String),
        _ => null,
    });

    private static readonly CelEnvironment Environment =
        CelEnvironment.Standard.With(new Dictionary<string, CelType> { ["self"] = Spec, ["any"] = CelType.Dyn });

    private const string Document = """
        {"replicas":3,"ratio":1,"since":"2024-01-02T03:04:05Z","wait":"90s","data":"YWJj","min-size":2,"if":1,"tags":["b","a"],
         "labels":{"a-b":"c"},"unknown":true}
        """;

    [Theory]
    [InlineData("self.replicas == 3 && self.ratio == 1.0 && self.since.getFullYear() == 2024 && self.wait == duration('1m30s')")]
    [InlineData("self.data == b'abc' && self.min__dash__size == 2 && self.__if__ == 1 && self.labels['a-b'] == 'c'")]
    [InlineData("self.tags == ['a', 'b'] && self.tags + ['c', 'a'] == ['b', 'a', 'c']")]
    [InlineData("any.unknown && any.ratio == 1 && any['min-size'] == 2 && any.tags != ['a', 'b'] && any.replicas + 1 == 4")]
    public void Documents_are_read_by_their_types(string expression)
    {
        using var document = JsonDocument.Parse(Document);
        var value = Environment.Compile(expression).Evaluate(name => CelJson.ToValue(document.RootElement, name == "self" ? Spec : CelType.Dyn));
        Assert.Equal(CelValue.True, value);
    }

    [Fact]
    public void A_field_that_the_type_does_not_have_is_refused()
    {
        Assert.Contains("undefined field 'unknown'", Assert.Throws<Syntax.CelCompileException>(() => Environment.Compile("self.unknown")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'a': [1, 2.5, 'x', true, null], 'b': {'c': b'abc'}}", """{"a":[1,2.5,"x",true,null],"b":{"c":"YWJj"}}""")]
    [InlineData("timestamp('2024-01-02T03:04:05Z')", "\"2024-01-02T03:04:05Z\"")]
    public void Values_are_written_as_JSON(string expression, string json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            Assert.Null(CelJson.Write(writer, Environment.Compile(expression).Evaluate(_ => default)));
        Assert.Equal(json, Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Theory]
    [InlineData("a-b.c/d", "a__dash__b__dot__c__slash__d")]
    [InlineData("a__b", "a__underscores__b")]
    [InlineData("namespace", "__namespace__")]
    [InlineData("plain_name", "plain_name")]
    public void Names_are_escaped_and_back(string name, string escaped)
    {
        Assert.Equal(escaped, CelNames.Escape(name));
        Assert.Equal(name, CelNames.Unescape(escaped));
    }
}
