using System.Text;
using System.Text.Json;
using Coxswain.Security;

namespace Coxswain.ApiServer.Discovery;

/// <summary>How others check our service-account tokens (OpenID Connect Discovery 1.0, RFC 7517).</summary>
internal sealed class OpenIdDocuments(ServiceAccountTokens tokens, Func<string> address)
{
    public byte[] Configuration()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("issuer", tokens.Issuer);
            json.WriteString("jwks_uri", $"https://{address()}/openid/v1/jwks");
            json.WriteStartArray("response_types_supported");
            json.WriteStringValue("id_token");
            json.WriteEndArray();
            json.WriteStartArray("subject_types_supported");
            json.WriteStringValue("public");
            json.WriteEndArray();
            json.WriteStartArray("id_token_signing_alg_values_supported");
            foreach (var algorithm in tokens.Algorithms)
                json.WriteStringValue(algorithm);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public byte[] KeySet() => Encoding.UTF8.GetBytes(tokens.KeySet());
}
