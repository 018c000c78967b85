using System.Collections.Frozen;
using Coxswain.Api;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Encryption;

/// <summary>Which form the values of each key have, from a configuration. Immutable.</summary>
internal sealed class TransformerTable
{
    private const string Registry = "/registry/";

    /// <summary>Built-in resources by the first part of their keys, or the first two: <c>secrets/</c>, <c>services/specs/</c>.</summary>
    private static readonly FrozenDictionary<string, GroupResource> ByPrefix = ResourceTable.All
        .Where(descriptor => descriptor.HasVerb("get") && ConversionTable.Find(descriptor) is null)
        .ToFrozenDictionary(descriptor => descriptor.StorageKeyPrefix[Registry.Length..], descriptor => descriptor.Resource.GroupResource);

    private static readonly FrozenDictionary<string, GroupResource>.AlternateLookup<ReadOnlySpan<char>> Prefixes = ByPrefix.GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly Dictionary<GroupResource, ValueTransformer> _byResource;

    private TransformerTable(Dictionary<GroupResource, ValueTransformer> byResource) => _byResource = byResource;

    /// <exception cref="EncryptionConfigurationException">The configuration is invalid.</exception>
    public static TransformerTable Create(EncryptionConfiguration configuration, TransformationMetrics metrics)
    {
        if (EncryptionConfigurationCheck.Validate(configuration) is { Count: > 0 } errors)
            throw new EncryptionConfigurationException(EncryptionConfigurationCheck.Join(errors));
        var forms = new Dictionary<GroupResource, List<PrefixedForm>>();
        foreach (var entry in configuration.Resources)
        {
            var providers = entry.Providers.Select(provider => Form(provider, metrics)).ToList();
            foreach (var resource in entry.Resources.Select(ResourceNames.Parse))
            {
                foreach (GroupResource mask in (GroupResource[])[new(resource.Group, "*"), new("*", "*")])
                    if (forms.ContainsKey(mask))
                        throw new EncryptionConfigurationException($"resource {GoText.Quote(ResourceNames.Write(resource))} is masked by earlier rule {GoText.Quote(ResourceNames.Write(mask))}");
                if (!forms.TryGetValue(resource, out var list))
                    forms[resource] = list = [];
                list.AddRange(providers);
            }
        }

        return new(forms.ToDictionary(pair => pair.Key, pair => (ValueTransformer)new PrefixTransformer(pair.Value, "no matching prefix found", metrics)));
    }

    /// <summary>The form of a key's values.</summary>
    public ValueTransformer For(string key)
    {
        if (ResourceOf(key) is not { } resource)
            return IdentityTransformer.Instance;
        return _byResource.GetValueOrDefault(resource)
            ?? _byResource.GetValueOrDefault(new(resource.Group, "*"))
            ?? _byResource.GetValueOrDefault(new("*", "*"))
            ?? IdentityTransformer.Instance;
    }

    /// <summary>Whose objects lie under a key; null: none's that has an API.</summary>
    internal static GroupResource? ResourceOf(string key)
    {
        if (!key.StartsWith(Registry, StringComparison.Ordinal))
            return null;
        var rest = key.AsSpan(Registry.Length);
        if (rest.IndexOf('/') is not (> 0 and var first))
            return null;
        if (Prefixes.TryGetValue(rest[..(first + 1)], out var resource))
            return resource;
        if (rest[(first + 1)..].IndexOf('/') is not (> 0 and var second))
            return null;
        if (Prefixes.TryGetValue(rest[..(first + second + 2)], out resource))
            return resource;

        // Groups of definitions have a dot, names of built-in resources have none.
        return rest[..first].Contains('.') ? new(rest[..first].ToString(), rest.Slice(first + 1, second).ToString()) : null;
    }

    private static PrefixedForm Form(EncryptionProvider provider, TransformationMetrics metrics) => provider switch
    {
        { AesGcm: { } keys } => Form("k8s:enc:aesgcm:v1:", "AES", keys, static secret => new AesGcmTransformer(secret), metrics),
        { AesCbc: { } keys } => Form("k8s:enc:aescbc:v1:", "AES", keys, static secret => new AesCbcTransformer(secret), metrics),
        { SecretBox: { } keys } => Form("k8s:enc:secretbox:v1:", "Secretbox", keys, static secret => new SecretBoxTransformer(secret), metrics),
        _ => new("", IdentityTransformer.Instance),
    };

    private static PrefixedForm Form(
        string prefix, string name, IReadOnlyList<EncryptionKey> keys, Func<byte[], ValueTransformer> make, TransformationMetrics metrics) =>
        new(prefix, new PrefixTransformer(
            [.. keys.Select(key => new PrefixedForm(key.Name + ":", make(Convert.FromBase64String(key.Secret))))],
            $"no matching key was found for the provided {name} transformer", metrics));
}
