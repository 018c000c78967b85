using System.Text;
using System.Text.Json;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Tests.Registry;

public sealed class JsonStampTests
{
    [Theory]
    [InlineData("""{"kind":"K","metadata":{"name":"a","uid":"u","labels":{"uid":"x"}},"data":{"uid":"y"}}""",
        """{"kind":"K","metadata":{"name":"a","uid":"u","resourceVersion":"7","labels":{"uid":"x"}},"data":{"uid":"y"}}""")]
    [InlineData("""{"metadata":{"name":"a"}}""", """{"metadata":{"resourceVersion":"7","name":"a"}}""")]
    [InlineData("""{"data":{"metadata":1},"metadata":{}}""", """{"data":{"metadata":1},"metadata":{"resourceVersion":"7"}}""")]
    public void The_version_goes_into_the_metadata(string json, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(JsonStamp.ResourceVersion(Encoding.UTF8.GetBytes(json), 7)));

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"metadata":1}""")]
    public void Bytes_without_metadata_are_refused(string json) =>
        Assert.ThrowsAny<JsonException>(() => JsonStamp.ResourceVersion(Encoding.UTF8.GetBytes(json), 7));
}
