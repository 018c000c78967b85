using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Coxswain.Security;

/// <summary>Issues and checks service-account tokens: JSON Web Tokens (RFC 7519) with Kubernetes' private claims.</summary>
/// <remarks>Thread-safe. A valid signature is not all: the caller must still check that the objects a token is bound to exist.</remarks>
/// <param name="key">Signs. It also checks, unless other keys are given for that.</param>
/// <param name="issuer">Whom new tokens name.</param>
/// <param name="clock">Tells whether a token has expired.</param>
/// <param name="formerIssuers">Whose tokens are good, too.</param>
/// <param name="checkingKeys">The keys that tokens may be signed with; none: the signing key. The caller owns them.</param>
public sealed class ServiceAccountTokens(
    ServiceAccountKey key, string issuer, TimeProvider clock, IReadOnlyList<string>? formerIssuers = null, IReadOnlyList<ServiceAccountKey>? checkingKeys = null)
{
    /// <summary>Tokens are short; whatever is longer was not made here.</summary>
    private const int MaxTokenLength = 16 * 1024;

    private readonly string _header = Encode($$"""{"alg":"{{key.Algorithm}}","kid":"{{key.KeyId}}"}""");
    private readonly IReadOnlyList<string> _issuers = [issuer, .. formerIssuers ?? []];
    private readonly IReadOnlyList<ServiceAccountKey> _keys = checkingKeys is { Count: > 0 } ? checkingKeys : [key];

    public string Issuer => issuer;

    /// <summary>The names of the signatures that tokens may have.</summary>
    public IReadOnlyList<string> Algorithms => [.. _keys.Select(k => k.Algorithm).Distinct()];

    /// <summary>The signed token for these claims.</summary>
    public string Issue(ServiceAccountClaims claims)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
            Write(json, claims);
        var signed = $"{_header}.{Base64Url.EncodeToString(buffer.WrittenSpan)}";
        return $"{signed}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>Whether a bearer token has the form of a JSON Web Token, before anything in it is looked at.</summary>
    public static bool IsWellFormed(string token) => token.Length <= MaxTokenLength && token.AsSpan().Count('.') == 2;

    /// <summary>The claims of a token that this issuer signed, that is valid now, and that is meant for one of the audiences;
    /// null and the reason if it is not.</summary>
    public ServiceAccountClaims? Verify(string token, IReadOnlyCollection<string> audiences, out string? reason)
    {
        reason = "not a token";
        if (!IsWellFormed(token))
            return null;
        var firstDot = token.IndexOf('.', StringComparison.Ordinal);
        var lastDot = token.LastIndexOf('.');
        try
        {
            string algorithm, keyId;
            using (var header = JsonDocument.Parse(Base64Url.DecodeFromChars(token.AsSpan(0, firstDot))))
            {
                algorithm = header.RootElement.TryGetProperty("alg", out var alg) ? alg.GetString() ?? "" : "";
                keyId = header.RootElement.TryGetProperty("kid", out var kid) ? kid.GetString() ?? "" : "";
            }

            // RFC 8725, 3.1: only with the algorithm that a key of ours is for; never what the token asks for.
            var candidates = _keys.Where(k => k.Algorithm == algorithm && (keyId.Length == 0 || k.KeyId == keyId)).ToList();
            if (candidates.Count == 0)
            {
                reason = "the token is not signed with a key that is known here";
                return null;
            }

            var signature = Base64Url.DecodeFromChars(token.AsSpan(lastDot + 1));
            var signed = Encoding.UTF8.GetBytes(token[..lastDot]);
            if (!candidates.Exists(k => k.Verify(signed, signature)))
            {
                reason = "the signature is invalid";
                return null;
            }

            var claims = Read(Base64Url.DecodeFromChars(token.AsSpan(firstDot + 1, lastDot - firstDot - 1)));
            var now = clock.GetUtcNow();
            if (!_issuers.Contains(claims.Issuer))
                reason = "the token was issued by somebody else";
            else if (now >= claims.Expires)
                reason = "the token has expired";
            else if (now < claims.NotBefore)
                reason = "the token is not valid yet";
            else if (!claims.Audiences.Any(audiences.Contains))
                reason = "the token is meant for another audience";
            else
            {
                reason = null;
                return claims;
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            reason = "the token is damaged";
        }

        return null;
    }

    /// <summary>The JSON Web Key Set (RFC 7517) by which others check our tokens.</summary>
    public string KeySet() => $$"""{"keys":[{{string.Join(',', _keys.Select(k => k.ToJsonWebKey()))}}]}""";

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static void Write(Utf8JsonWriter json, ServiceAccountClaims claims)
    {
        json.WriteStartObject();
        json.WriteStartArray("aud");
        foreach (var audience in claims.Audiences)
            json.WriteStringValue(audience);
        json.WriteEndArray();
        json.WriteNumber("exp", claims.Expires.ToUnixTimeSeconds());
        json.WriteNumber("iat", claims.IssuedAt.ToUnixTimeSeconds());
        json.WriteString("iss", claims.Issuer);
        json.WriteString("jti", claims.Id);
        json.WriteStartObject("kubernetes.io");
        json.WriteString("namespace", claims.Namespace);
        WriteReference(json, "node", claims.Node);
        WriteReference(json, "pod", claims.Pod);
        WriteReference(json, "secret", claims.Secret);
        WriteReference(json, "serviceaccount", claims.ServiceAccount);
        if (claims.WarnAfter is { } warn)
            json.WriteNumber("warnafter", warn.ToUnixTimeSeconds());
        json.WriteEndObject();
        json.WriteNumber("nbf", claims.NotBefore.ToUnixTimeSeconds());
        json.WriteString("sub", claims.Subject);
        json.WriteEndObject();
    }

    private static void WriteReference(Utf8JsonWriter json, string name, ObjectClaim? reference)
    {
        if (reference is null)
            return;
        json.WriteStartObject(name);
        json.WriteString("name", reference.Name);
        json.WriteString("uid", reference.Uid);
        json.WriteEndObject();
    }

    private static ServiceAccountClaims Read(ReadOnlyMemory<byte> payload)
    {
        using var document = JsonDocument.Parse(payload);
        var root = document.RootElement;
        var kubernetes = root.GetProperty("kubernetes.io");
        return new ServiceAccountClaims
        {
            Issuer = root.GetProperty("iss").GetString() ?? "",
            Audiences = [.. root.GetProperty("aud").EnumerateArray().Select(a => a.GetString() ?? "")],
            Id = root.TryGetProperty("jti", out var id) ? id.GetString() ?? "" : "",
            IssuedAt = DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("iat").GetInt64()),
            NotBefore = DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("nbf").GetInt64()),
            Expires = DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("exp").GetInt64()),
            Namespace = kubernetes.GetProperty("namespace").GetString() ?? "",
            ServiceAccount = ReadReference(kubernetes, "serviceaccount") ?? throw new FormatException("no service account"),
            Pod = ReadReference(kubernetes, "pod"),
            Secret = ReadReference(kubernetes, "secret"),
            Node = ReadReference(kubernetes, "node"),
            WarnAfter = kubernetes.TryGetProperty("warnafter", out var warn) ? DateTimeOffset.FromUnixTimeSeconds(warn.GetInt64()) : null,
        };
    }

    private static ObjectClaim? ReadReference(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var reference)
            ? new(reference.GetProperty("name").GetString() ?? "", reference.TryGetProperty("uid", out var uid) ? uid.GetString() ?? "" : "")
            : null;
}

/// <summary>An object that a token speaks of. The uid tells it from a later one of the same name.</summary>
public sealed record ObjectClaim(string Name, string Uid);

/// <summary>What a service-account token says.</summary>
public sealed record ServiceAccountClaims
{
    public required string Issuer { get; init; }
    public required IReadOnlyList<string> Audiences { get; init; }
    public required string Namespace { get; init; }
    public required ObjectClaim ServiceAccount { get; init; }

    /// <summary>The token is valid only while this pod exists.</summary>
    public ObjectClaim? Pod { get; init; }

    /// <summary>The token is valid only while this secret exists.</summary>
    public ObjectClaim? Secret { get; init; }

    /// <summary>The node on which the pod runs, or to which the token is bound.</summary>
    public ObjectClaim? Node { get; init; }
    public required DateTimeOffset IssuedAt { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset Expires { get; init; }

    /// <summary>After this time a use is counted as stale, though the token is still valid.</summary>
    public DateTimeOffset? WarnAfter { get; init; }

    /// <summary>Unique among tokens.</summary>
    public string Id { get; init; } = Guid.NewGuid().ToString();

    /// <summary>The user name: system:serviceaccount:NAMESPACE:NAME.</summary>
    public string Subject => $"system:serviceaccount:{Namespace}:{ServiceAccount.Name}";
}
