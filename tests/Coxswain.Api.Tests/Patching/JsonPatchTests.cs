using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Patching;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Api.Tests.Patching;

public sealed class JsonPatchTests
{
    private const string Document = """{"data":{"x":"1","a/b":"2"},"list":[1,2,3],"objects":[{"n":1}]}""";

    private static string Apply(string patch, string document = Document) =>
        JsonPatch.Apply(JsonNode.Parse(document), Encoding.UTF8.GetBytes(patch))!.ToJsonString();

    [Theory]
    [InlineData("""[{"op":"add","path":"/data/z","value":"3"}]""", """{"data":{"x":"1","a/b":"2","z":"3"},"list":[1,2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"add","path":"/data/x","value":null}]""", """{"data":{"x":null,"a/b":"2"},"list":[1,2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"replace","path":"/data/none","value":"3"}]""", """{"data":{"x":"1","a/b":"2","none":"3"},"list":[1,2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"remove","path":"/data/a~1b"}]""", """{"data":{"x":"1"},"list":[1,2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"move","from":"/data/x","path":"/data/y"}]""", """{"data":{"a/b":"2","y":"1"},"list":[1,2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"copy","from":"/objects/0","path":"/objects/-"}]""", """{"data":{"x":"1","a/b":"2"},"list":[1,2,3],"objects":[{"n":1},{"n":1}]}""")]
    [InlineData("""[{"op":"add","path":"/list/1","value":9}]""", """{"data":{"x":"1","a/b":"2"},"list":[1,9,2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"add","path":"/list/3","value":9}]""", """{"data":{"x":"1","a/b":"2"},"list":[1,2,3,9],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"add","path":"/list/-","value":9}]""", """{"data":{"x":"1","a/b":"2"},"list":[1,2,3,9],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"add","path":"/list/-1","value":9}]""", """{"data":{"x":"1","a/b":"2"},"list":[1,2,3,9],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"remove","path":"/list/-1"}]""", """{"data":{"x":"1","a/b":"2"},"list":[1,2],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"replace","path":"/list/0","value":{"a":1}}]""", """{"data":{"x":"1","a/b":"2"},"list":[{"a":1},2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"test","path":"/data/x","value":"1"},{"op":"remove","path":"/data/x"}]""", """{"data":{"a/b":"2"},"list":[1,2,3],"objects":[{"n":1}]}""")]
    [InlineData("""[{"op":"test","path":"/data/none","value":null}]""", Document)]
    [InlineData("[]", Document)]
    public void Operations_are_done_in_order(string patch, string expected) => Assert.Equal(expected, Apply(patch));

    [Theory]
    [InlineData("""[{"op":"test","path":"/data/x","value":"2"}]""")]
    [InlineData("""[{"op":"remove","path":"/data/none"}]""")]
    [InlineData("""[{"op":"remove","path":"/none/none"}]""")]
    [InlineData("""[{"op":"add","path":"/none/x","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/list/5","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/list/x","value":1}]""")]
    [InlineData("""[{"op":"remove","path":"/list/3"}]""")]
    [InlineData("""[{"op":"remove","path":"/list/-4"}]""")]
    [InlineData("""[{"op":"replace","path":"/list/-","value":1}]""")]
    [InlineData("""[{"op":"replace","path":"","value":{}}]""")]
    [InlineData("""[{"op":"move"}]""")]
    [InlineData("""[{"op":"frobnicate","path":"/data"}]""")]
    [InlineData("""[{"path":"/data"}]""")]
    [InlineData("[null]")]
    public void What_does_not_fit_the_document_is_refused_as_unprocessable(string patch)
    {
        var refused = Assert.Throws<ApiException>(() => Apply(patch));
        Assert.Equal(422, refused.Code);
        Assert.Equal("Invalid", refused.Reason);
        Assert.Equal("the server rejected our request due to an error in our request", refused.Message);
    }

    [Theory]
    [InlineData("{}", "json: cannot unmarshal object into Go value of type jsonpatch.Patch")]
    [InlineData("\"a\"", "json: cannot unmarshal string into Go value of type jsonpatch.Patch")]
    [InlineData("[1]", "json: cannot unmarshal number into Go value of type jsonpatch.Operation")]
    [InlineData("[", "unexpected end of JSON input")]
    public void What_is_no_patch_is_a_bad_request(string patch, string message)
    {
        var refused = Assert.Throws<ApiException>(() => Apply(patch));
        Assert.Equal(400, refused.Code);
        Assert.Equal(message, refused.Message);
    }

    [Fact]
    public void Too_many_operations_are_refused()
    {
        var patch = "[" + string.Join(',', Enumerable.Repeat("""{"op":"test","path":"/data/x","value":"1"}""", 10_001)) + "]";
        var refused = Assert.Throws<ApiException>(() => Apply(patch));
        Assert.Equal(413, refused.Code);
        Assert.Equal("Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001", refused.Message);
    }

    [Fact]
    public void Copies_that_double_the_document_are_refused_before_they_fill_the_memory()
    {
        var patch = "[" + string.Join(',', Enumerable.Repeat("""{"op":"copy","from":"/list","path":"/list/-"}""", 64)) + "]";
        Assert.Equal(422, Assert.Throws<ApiException>(() => Apply(patch)).Code);
    }

    [Fact]
    public void Any_patch_is_applied_or_refused() => Prop.ForAll(
        Gen.Elements("""{"op":"add","path":"/list/0","value":{}}""", """{"op":"remove","path":"/list/-1"}""", """{"op":"move","from":"/data","path":"/data/x"}""",
            """{"op":"copy","from":"/list","path":"/list/1"}""", """{"op":"replace","path":"/objects/0/n","value":[]}""", """{"op":"test","path":"/objects/0/n/0"}""",
            """{"op":"move","from":"/objects/0","path":"/list/-"}""", """{"op":"add","path":"/a~2/~"}""").ListOf().Select(list => "[" + string.Join(',', list) + "]").ToArbitrary(),
        patch =>
        {
            try
            {
                return Apply(patch).Length > 0;
            }
            catch (ApiException refused)
            {
                return refused.Code is 400 or 422;
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_are_a_patch_or_refused() => Prop.ForAll<byte[]>(bytes =>
    {
        try
        {
            JsonPatch.Apply(JsonNode.Parse(Document), bytes);
            return true;
        }
        catch (ApiException refused)
        {
            return refused.Code is 400 or 422;
        }
    }).QuickCheckThrowOnFailure();
}
