using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.Encryption;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer;

/// <summary>Reads what lies in a store as a server would, without one: for the check of a backup.</summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class StoredValues
{
    private static readonly Dictionary<string, StoredForm> Forms = ResourceTable.All.Where(d => d.HasVerb("list"))
        .Select(StoredForms.For).DistinctBy(f => f.Descriptor.StorageKeyPrefix).ToDictionary(f => f.Descriptor.StorageKeyPrefix, StringComparer.Ordinal);

    private readonly TransformerTable? _encryption;

    /// <param name="encryptionConfig">The file of --encryption-provider-config; empty: none.</param>
    /// <exception cref="InvalidDataException">The file cannot be used.</exception>
    public StoredValues(string encryptionConfig, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(encryptionConfig);
        if (encryptionConfig.Length == 0)
            return;
        try
        {
            _encryption = EncryptionFile.Open(encryptionConfig, clock);
        }
        catch (EncryptionConfigurationException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    /// <summary>Decrypts and decodes a value.</summary>
    /// <returns>False: it is encrypted, and the key is not here.</returns>
    /// <exception cref="Exception">It cannot be read; the message says why.</exception>
    public bool Read(string key, ReadOnlyMemory<byte> value)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (_encryption is not null)
            value = _encryption.For(key).Read(value, key).Value;
        else if (value.Span.StartsWith("k8s:enc:"u8))
            return false;
        if (FormOf(key) is { } form)
            form.Decode(value.Span);
        else if (!value.Span.StartsWith("k8s\0"u8) && !IsJson(value.Span))
            throw new InvalidDataException("it is neither JSON nor protobuf");
        return true;
    }

    private static StoredForm? FormOf(string key)
    {
        // Prefixes have two or three parts: /registry/pods/, /registry/services/specs/.
        for (var at = key.IndexOf('/', "/registry/".Length); at > 0; at = key.IndexOf('/', at + 1))
        {
            if (Forms.TryGetValue(key[..(at + 1)], out var form))
                return form;
        }

        return null;
    }

    private static bool IsJson(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
