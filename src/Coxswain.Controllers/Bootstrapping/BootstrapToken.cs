using System.Globalization;
using System.Text;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>A token by which a new node or client is let in, as its secret in kube-system tells.</summary>
internal sealed record BootstrapToken(string Id, string Secret, bool MaySign, DateTimeOffset? Expires)
{
    public const string SecretType = "bootstrap.kubernetes.io/token";
    public const string Namespace = "kube-system";
    private const string NamePrefix = "bootstrap-token-";

    /// <summary>Null: the secret is none, or not one that can be used.</summary>
    public static BootstrapToken? Of(Secret secret)
    {
        if (secret.Type != SecretType || secret.Metadata.Namespace != Namespace || !secret.Metadata.Name.StartsWith(NamePrefix, StringComparison.Ordinal))
            return null;
        var (id, value) = (Text(secret, "token-id"), Text(secret, "token-secret"));
        return id.Length == 0 || value.Length == 0 || secret.Metadata.Name != NamePrefix + id
            ? null
            : new(id, value, Text(secret, "usage-bootstrap-signing") == "true", ExpiryOf(secret));
    }

    /// <summary>When the secret stops being good; one whose time cannot be read is never good.</summary>
    public static DateTimeOffset? ExpiryOf(Secret secret)
    {
        var text = Text(secret, "expiration");
        if (text.Length == 0)
            return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expires) ? expires : DateTimeOffset.MinValue;
    }

    private static string Text(Secret secret, string key) =>
        secret.Data.TryGetValue(key, out var value) ? Encoding.UTF8.GetString(value.Span) : "";
}
