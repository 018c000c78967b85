using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.ApiServer.Encryption;

/// <summary>Reads the file's YAML or JSON. What is unknown or twice there is refused: a mistyped word must not leave secrets in the open.</summary>
internal static class EncryptionConfigurationReader
{
    private const int MostBytes = 4 * 1024 * 1024;
    private const int LongestName = 20;

    /// <exception cref="EncryptionConfigurationException">The document is no EncryptionConfiguration of version v1.</exception>
    public static EncryptionConfiguration Read(ReadOnlyMemory<byte> text)
    {
        if (text.Length > MostBytes)
            throw new EncryptionConfigurationException($"the file is larger than {MostBytes} bytes");
        try
        {
            var report = new DecodeReport();
            var json = YamlConverter.ToJson(text, report);
            if (!report.IsClean)
                throw new EncryptionConfigurationException(report.ToErrorMessage());
            using var document = JsonDocument.Parse(json);
            return Configuration(document.RootElement);
        }
        catch (Exception error) when (error is DecodeException or JsonException)
        {
            throw new EncryptionConfigurationException($"couldn't get version/kind; json parse error: {error.Message}", error);
        }
    }

    private static EncryptionConfiguration Configuration(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new EncryptionConfigurationException("Object 'Kind' is missing: the document is no mapping");
        var (version, kind) = (Text(root, "apiVersion", ""), Text(root, "kind", ""));
        if (kind.Length == 0)
            throw new EncryptionConfigurationException("Object 'Kind' is missing");
        if (version.Length == 0)
            throw new EncryptionConfigurationException("Object 'apiVersion' is missing");
        if (version != EncryptionConfiguration.ApiVersion || kind != EncryptionConfiguration.Kind)
            throw new EncryptionConfigurationException($"no kind \"{kind}\" is registered for version \"{version}\" in scheme; expected \"{EncryptionConfiguration.Kind}\" of \"{EncryptionConfiguration.ApiVersion}\"");
        Known(root, "", "apiVersion", "kind", "resources");
        return new(Items(root, "resources", "", (item, path) =>
        {
            Known(item, path, "resources", "providers");
            return new EncryptedResources(Items(item, "resources", path, Text), Items(item, "providers", path, Provider));
        }));
    }

    private static EncryptionProvider Provider(JsonElement item, string path)
    {
        Known(item, path, "aesgcm", "aescbc", "secretbox", "identity", "kms");
        return new()
        {
            AesGcm = Keys(item, "aesgcm", path),
            AesCbc = Keys(item, "aescbc", path),
            SecretBox = Keys(item, "secretbox", path),
            Kms = Service(item, path),
            Identity = Member(item, "identity", path) is { } identity && Known(identity, path + ".identity"),
        };
    }

    private static KeyManagementService? Service(JsonElement provider, string path)
    {
        if (Member(provider, "kms", path) is not { } kms)
            return null;
        path += ".kms";
        Known(kms, path, "apiVersion", "name", "cachesize", "endpoint", "timeout");
        return new(Text(kms, "apiVersion", path) is { Length: > 0 } version ? version : "v1", Text(kms, "name", path), Text(kms, "endpoint", path));
    }

    private static List<EncryptionKey>? Keys(JsonElement provider, string name, string path)
    {
        if (Member(provider, name, path) is not { } member)
            return null;
        path = $"{path}.{name}";
        Known(member, path, "keys");
        return Items(member, "keys", path, (key, at) =>
        {
            Known(key, at, "name", "secret");
            return new EncryptionKey(Text(key, "name", at), Text(key, "secret", at));
        });
    }

    /// <summary>A member that is a mapping; null: absent or null.</summary>
    private static JsonElement? Member(JsonElement o, string name, string path)
    {
        if (!o.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null)
            return null;
        return member.ValueKind == JsonValueKind.Object ? member : throw Wrong(path, name, "a mapping");
    }

    private static List<T> Items<T>(JsonElement o, string name, string path, Func<JsonElement, string, T> read)
    {
        if (!o.TryGetProperty(name, out var list) || list.ValueKind == JsonValueKind.Null)
            return [];
        if (list.ValueKind != JsonValueKind.Array)
            throw Wrong(path, name, "a list");
        var items = new List<T>();
        foreach (var item in list.EnumerateArray())
            items.Add(read(item, $"{Join(path, name)}[{items.Count}]"));
        return items;
    }

    private static string Text(JsonElement o, string name, string path)
    {
        if (!o.TryGetProperty(name, out var text) || text.ValueKind == JsonValueKind.Null)
            return "";
        return text.ValueKind == JsonValueKind.String ? text.GetString()! : throw Wrong(path, name, "a text");
    }

    private static string Text(JsonElement item, string path) =>
        item.ValueKind == JsonValueKind.String ? item.GetString()! : throw new EncryptionConfigurationException($"{path} is not a text");

    private static bool Known(JsonElement o, string path, params ReadOnlySpan<string> names)
    {
        if (o.ValueKind != JsonValueKind.Object)
            throw new EncryptionConfigurationException($"{path} is not a mapping");
        foreach (var member in o.EnumerateObject())
            if (!names.Contains(member.Name))
                throw new EncryptionConfigurationException($"strict decoding error: unknown field \"{Join(path, Shown(member.Name))}\"");
        return true;
    }

    // A missing space makes a secret part of a name.
    private static string Shown(string name) => name.Length <= LongestName && name.All(char.IsAsciiLetter) ? name : "REDACTED";

    // Names the place and never the value, which may be a secret.
    private static EncryptionConfigurationException Wrong(string path, string name, string expected) => new($"{Join(path, name)} is not {expected}");

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}

/// <summary>The encryption configuration cannot be used. The message says why and holds no secret.</summary>
internal sealed class EncryptionConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
