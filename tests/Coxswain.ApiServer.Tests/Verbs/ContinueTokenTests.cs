using Coxswain.Api;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Tests.Verbs;

public sealed class ContinueTokenTests
{
    [Fact]
    public void A_token_leads_back_to_where_the_list_stopped()
    {
        var token = ContinueToken.Encode(42, "/registry/configmaps/ns/a", "/registry/configmaps/ns/");

        Assert.Equal(new ContinueToken(42, "/registry/configmaps/ns/a"), ContinueToken.Decode(token, "/registry/configmaps/ns/"));
    }

    [Theory]
    [InlineData("garbage", "invalid character '\\u0081' looking for beginning of value")]
    [InlineData("!", "illegal base64 data at input byte 0")]
    [InlineData("e30", "server does not recognize this encoded version \"\"")]
    [InlineData("W10", "json: cannot unmarshal")]
    public void A_token_that_is_none_is_a_bad_request(string token, string why)
    {
        var refused = Assert.Throws<ApiException>(() => ContinueToken.Decode(token, "/registry/configmaps/"));

        Assert.Equal(400, refused.Code);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }
}
