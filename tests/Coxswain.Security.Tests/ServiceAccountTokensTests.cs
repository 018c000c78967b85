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
        Assert.Equal("the token is not signed with a key that is known here", reason);
    }

    public static TheoryData<string> Keys()
    {
        using var rsa = System.Security.Cryptography.RSA.Create(2048);
        using var p256 = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        using var p384 = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        using var p521 = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP521);
        return [rsa.ExportRSAPrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), p256.ExportECPrivateKeyPem(), p384.ExportPkcs8PrivateKeyPem(), p521.ExportECPrivateKeyPem()];
    }

    [Theory]
    [MemberData(nameof(Keys), DisableDiscoveryEnumeration = true)]
    public void Keys_of_all_kinds_that_upstream_takes_sign_and_their_public_halves_check(string pem)
    {
        using var key = ServiceAccountKey.Load(pem);
        using var half = ServiceAccountKey.LoadAll("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + key.PublicPem)[0];
        Assert.Equal((true, false, key.KeyId), (key.IsPrivate, half.IsPrivate, half.KeyId));
        var token = new ServiceAccountTokens(key, Issuer, _clock).Issue(Claims());
        using var other = ServiceAccountKey.Create();
        var checking = new ServiceAccountTokens(other, Issuer, _clock, checkingKeys: [other, half]);
        Assert.NotNull(checking.Verify(token, [Issuer], out _));
        using var set = JsonDocument.Parse(checking.KeySet());
        Assert.Equal([other.KeyId, key.KeyId], set.RootElement.GetProperty("keys").EnumerateArray().Select(k => k.GetProperty("kid").GetString()));
        Assert.Null(new ServiceAccountTokens(other, Issuer, _clock).Verify(token, [Issuer], out _));
    }

    [Fact]
    public void An_rsa_key_that_is_too_short_is_refused()
    {
        using var rsa = System.Security.Cryptography.RSA.Create(1024);
        var pem = rsa.ExportRSAPrivateKeyPem();
        Assert.Throws<System.Security.Cryptography.CryptographicException>(() => ServiceAccountKey.Load(pem));
    }

    [Fact]
    public void Tokens_of_a_former_issuer_are_good_as_long_as_it_is_named()
    {
        using var key = ServiceAccountKey.Create();
        var token = new ServiceAccountTokens(key, "former", _clock).Issue(Claims() with { Issuer = "former" });
        Assert.NotNull(new ServiceAccountTokens(key, Issuer, _clock, ["former"]).Verify(token, [Issuer], out _));
        Assert.Null(new ServiceAccountTokens(key, Issuer, _clock).Verify(token, [Issuer], out var reason));
        Assert.Equal("the token was issued by somebody else", reason);
    }

    [Fact]
    public void A_token_that_names_the_algorithm_none_is_refused()
    {
        var parts = _tokens.Issue(Claims()).Split('.');
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes("{\"alg\":\"none\"}"));
        Assert.Null(_tokens.Verify($"{header}.{parts[1]}.", [Issuer], out var reason));
        Assert.Equal("the token is not signed with a key that is known here", reason);
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
