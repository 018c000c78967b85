using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Tests;

/// <summary>What a client reads when its body is no object of the kind it wrote to.</summary>
public sealed class DocumentErrorTests
{
    [Theory]
    [InlineData("", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)")]
    [InlineData("{", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)")]
    [InlineData("[]", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" } (5b5d)")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","data":{"a"}}""", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character '}' after object key ({\"apiVersion\":\"v1\",\"kind\":\"Con ...)")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","data":{"a":1}}""", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    public void A_body_that_cannot_be_read_is_refused_in_upstreams_words(string body, string message)
    {
        var refusal = Assert.Throws<ApiException>(() => BodyDecoder.Decode(
            Encoding.UTF8.GetBytes(body), ConfigMap.ResourceKind, FieldValidation.Warn, [], Encoding.UTF8.GetBytes(body)));
        Assert.Equal(message, refusal.Status.Message);
        Assert.Equal(400, refusal.Status.Code);
    }
}
