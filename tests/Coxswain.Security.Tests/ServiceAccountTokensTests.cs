using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Coxswain.Security.Tests;

public sealed class ServiceAccountTokensTests
{
    private const string Issuer = "https://kubernetes.default.svc";
    private readonly MovableClock _clock = new();
    private readonly ServiceAccountTokens _tokens;

    public ServiceAccountTokensTests() => _tokens = new(ServiceAccountKey.Create(), Issuer, _clock);

    private ServiceAccountClaims Claims() => new()
    {
        Issuer = Issuer,
        Audiences = [Issuer],
        Namespace = "default",
        ServiceAccount = new("builder", "uid-1"),
        Pod = new("web-0", "uid-2"),
        IssuedAt = _clock.Now,
        NotBefore = _clock.Now,
        Expires = _clock.Now.AddHours(1),
    };

    [Fact]
    public void A_token_says_what_it_was_issued_for()
    {
        var claims = _tokens.Verify(_tokens.Issue(Claims()), [Issuer], out var reason);
        Assert.Null(reason);
        Assert.Equal("system:serviceaccount:default:builder", claims!.Subject);
        Assert.Equal(new ObjectClaim("web-0", "uid-2"), claims.Pod);
        Assert.Equal(_clock.Now.AddHours(1), claims.Expires);
    }

    [Fact]
    public void An_expired_token_is_refused()
    {
        var token = _tokens.Issue(Claims());
        _clock.Now += TimeSpan.FromHours(1);
        Assert.Null(_tokens.Verify(token, [Issuer], out var reason));
        Assert.Equal("the token has expired", reason);
    }

    [Fact]
    public void A_token_for_another_audience_is_refused()
    {
        Assert.Null(_tokens.Verify(_tokens.Issue(Claims()), ["vault"], out var reason));
        Assert.Equal("the token is meant for another audience", reason);
    }

    [Fact]
    public void A_token_of_another_key_is_refused()
    {
        var stranger = new ServiceAccountTokens(ServiceAccountKey.Create(), Issuer, _clock);
        Assert.Null(_tokens.Verify(stranger.Issue(Claims()), [Issuer], out var reason));
        Assert.Equal("the signature is invalid", reason);
    }

    [Fact]
    public void A_token_that_names_the_algorithm_none_is_refused()
    {
        var parts = _tokens.Issue(Claims()).Split('.');
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes("{\"alg\":\"none\"}"));
        Assert.Null(_tokens.Verify($"{header}.{parts[1]}.", [Issuer], out var reason));
        Assert.Equal("the token is not signed with ES256", reason);
    }

    [Fact]
    public void No_changed_byte_of_a_token_passes()
    {
        var token = _tokens.Issue(Claims());
        for (var i = 0; i < token.Length; i++)
        {
            var changed = string.Concat(token.AsSpan(0, i), token[i] == 'A' ? "B" : "A", token.AsSpan(i + 1));
            // The last character of base64url carries unused bits; a change there may decode to the same bytes or fail to decode.
            if (_tokens.Verify(changed, [Issuer], out _) is not null)
                Assert.True(i == token.Length - 1 || token[i + 1] == '.', $"a change at {i} was accepted");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.e30")]
    [InlineData("not a token at all")]
    public void Rubbish_is_refused_with_a_reason(string token)
    {
        Assert.Null(_tokens.Verify(token, [Issuer], out var reason));
        Assert.NotNull(reason);
    }

    [Fact]
    public void The_key_set_holds_the_public_key_and_no_private_part()
    {
        using var set = JsonDocument.Parse(_tokens.KeySet());
        var key = Assert.Single(set.RootElement.GetProperty("keys").EnumerateArray());
        Assert.Equal("P-256", key.GetProperty("crv").GetString());
        Assert.False(key.TryGetProperty("d", out _));
    }
}
