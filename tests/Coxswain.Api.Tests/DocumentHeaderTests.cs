using System.Text;

namespace Coxswain.Api.Tests;

public sealed class DocumentHeaderTests
{
    [Theory]
    [InlineData("""{"kind":"Pod","apiVersion":"v1"}""", "v1", "Pod")]
    [InlineData("""{"spec":{"kind":"x"},"apiVersion":"apps/v1","metadata":[],"kind":"Deployment"}""", "apps/v1", "Deployment")]
    [InlineData("""{"kind":"P\u006fd","apiVersion":null}""", "", "Pod")]
    [InlineData("{}", "", "")]
    [InlineData("null", "", "")]
    public void Kind_and_version_are_found_wherever_they_stand(string json, string apiVersion, string kind) =>
        Assert.Equal(new(apiVersion, kind), DocumentHeader.Read(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("", "couldn't get version/kind; json parse error: unexpected end of JSON input")]
    [InlineData("{", "couldn't get version/kind; json parse error: unexpected end of JSON input")]
    [InlineData("not json", "couldn't get version/kind; json parse error: invalid character 'o' in literal null (expecting 'u')")]
    [InlineData("[]", "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }")]
    [InlineData("""{"kind":1}""", "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string")]
    public void What_is_no_document_is_refused_in_upstreams_words(string json, string message) =>
        Assert.Equal(message, Assert.Throws<DecodeException>(() => DocumentHeader.Read(Encoding.UTF8.GetBytes(json))).Message);

    [Fact]
    public void A_version_has_at_most_one_slash()
    {
        Assert.Equal(new("apps", "v1", "X"), new DocumentHeader("apps/v1", "X").ToGroupVersionKind());
        Assert.Equal(
            "unexpected GroupVersion string: a/b/c", Assert.Throws<DecodeException>(() => new DocumentHeader("a/b/c", "X").ToGroupVersionKind()).Message);
    }
}
