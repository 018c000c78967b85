using Coxswain.Api;

namespace Coxswain.ApiServer.Encryption;

/// <summary>Which resources are encrypted in the store, and how: the file that --encryption-provider-config names.</summary>
internal sealed record EncryptionConfiguration(IReadOnlyList<EncryptedResources> Resources)
{
    public const string ApiVersion = "apiserver.config.k8s.io/v1";

    public const string Kind = "EncryptionConfiguration";
}

/// <param name="Resources">Names as upstream writes them: <c>secrets</c>, <c>deployments.apps</c>, <c>*.apps</c>, <c>*.</c>, <c>*.*</c>.</param>
/// <param name="Providers">The first writes, all read.</param>
internal sealed record EncryptedResources(IReadOnlyList<string> Resources, IReadOnlyList<EncryptionProvider> Providers);

/// <summary>One item of the list of providers. A good one has exactly one member.</summary>
internal sealed record EncryptionProvider
{
    public IReadOnlyList<EncryptionKey>? AesGcm { get; init; }

    public IReadOnlyList<EncryptionKey>? AesCbc { get; init; }

    public IReadOnlyList<EncryptionKey>? SecretBox { get; init; }

    public KeyManagementService? Kms { get; init; }

    public bool Identity { get; init; }

    public int Members => (AesGcm is null ? 0 : 1) + (AesCbc is null ? 0 : 1) + (SecretBox is null ? 0 : 1) + (Kms is null ? 0 : 1) + (Identity ? 1 : 0);
}

/// <param name="Secret">Base64. Its text shows no secret, wherever it is printed.</param>
internal sealed record EncryptionKey(string Name, string Secret)
{
    public override string ToString() => $"EncryptionKey {{ Name = {Name} }}";
}

internal sealed record KeyManagementService(string ApiVersion, string Name, string Endpoint);

/// <summary>What a wildcard may stand for: a resource by group and plural name, as the configuration writes it.</summary>
internal static class ResourceNames
{
    /// <summary>Splits <c>deployments.apps</c> at its first dot.</summary>
    public static GroupResource Parse(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? new("", text) : new(text[(dot + 1)..], text[..dot]);
    }

    public static string Write(GroupResource resource) => resource switch
    {
        { Group: "", Resource: "*" } => "*.",
        { Group: "" } => resource.Resource,
        _ => $"{resource.Resource}.{resource.Group}",
    };
}
