using System.Text;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Tables;

namespace Coxswain.ApiServer.Tests.Tables;

public sealed class TableWriterTests
{
    private const string Map = """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","resourceVersion":"7"},"data":{"x":"1"}}""";

    private static string Write(IncludeObject include, bool withDefinitions = false, string version = "v1")
    {
        var bytes = Encoding.UTF8.GetBytes(Map);
        var value = (IMetadataObject)ConfigMap.Descriptor.Codec.ReadJson(bytes, null);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, ObjectCodec.WriterOptions))
            TableWriter.Write(writer, TableTable.For(ConfigMap.Descriptor), [(value, bytes)], new() { ResourceVersion = "9", Continue = "c", RemainingItemCount = 3 },
                include, DateTimeOffset.UnixEpoch, version, withDefinitions);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public void A_row_holds_the_metadata_of_its_object() => Assert.Equal(
        """{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9","continue":"c","remainingItemCount":3},"columnDefinitions":null,"rows":[{"cells":["a",1,"<unknown>"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a","resourceVersion":"7"}}}]}""",
        Write(IncludeObject.Metadata));

    [Fact]
    public void A_row_holds_the_object_or_nothing_on_demand()
    {
        Assert.Contains($"\"object\":{Map}", Write(IncludeObject.Object), StringComparison.Ordinal);
        Assert.Contains("\"object\":null", Write(IncludeObject.None), StringComparison.Ordinal);
    }

    [Fact]
    public void The_older_version_is_named_throughout() =>
        Assert.Equal(2, Write(IncludeObject.Metadata, version: "v1beta1").Split("meta.k8s.io/v1beta1").Length - 1);

    [Fact]
    public void Definitions_have_all_their_members()
    {
        using var table = JsonDocument.Parse(Write(IncludeObject.None, withDefinitions: true));
        Assert.All(table.RootElement.GetProperty("columnDefinitions").EnumerateArray(), definition => Assert.Equal(
            ["name", "type", "format", "description", "priority"], definition.EnumerateObject().Select(member => member.Name)));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("None", true)]
    [InlineData("Object", true)]
    [InlineData("Metadata", true)]
    [InlineData("x", false)]
    public void The_parameter_is_one_of_three_words(string? text, bool valid) => Assert.Equal(valid, TableWriter.TryParse(text, out _));
}
