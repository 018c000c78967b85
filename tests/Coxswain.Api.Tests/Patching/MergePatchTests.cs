using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Patching;

namespace Coxswain.Api.Tests.Patching;

public sealed class MergePatchTests
{
    // The examples of RFC 7386, appendix A, as far as the patch is an object.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", "{}")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    [InlineData("[1,2]", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("""{"a":1}""", """{"a":1,"a":2}""", """{"a":2}""")]
    public void Objects_are_merged_null_removes_and_the_rest_replaces(string document, string patch, string expected) =>
        Assert.Equal(expected, MergePatch.Apply(JsonNode.Parse(document), Encoding.UTF8.GetBytes(patch))!.ToJsonString());

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("5")]
    public void What_is_no_object_is_refused(string patch)
    {
        var refused = Assert.Throws<ApiException>(() => MergePatch.Apply(new JsonObject(), Encoding.UTF8.GetBytes(patch)));
        Assert.Equal(400, refused.Code);
        Assert.Equal("Invalid JSON Patch", refused.Message);
    }
}
