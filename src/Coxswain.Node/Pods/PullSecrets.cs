using System.Text;
using System.Text.Json;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Images;
using Coxswain.Node.Runtime;

namespace Coxswain.Node.Pods;

/// <summary>Credentials for registries out of Secrets of type dockerconfigjson and dockercfg.</summary>
internal static class PullSecrets
{
    /// <summary>Credentials that fit the image, the most specific entry first.</summary>
    public static IReadOnlyList<AuthConfig> For(string image, IEnumerable<Secret> secrets)
    {
        if (!ImageReference.TryParse(image, out var reference) || reference is null)
            return [];
        var slash = reference.Repository.IndexOf('/', StringComparison.Ordinal);
        var registry = reference.Repository[..slash];
        var path = reference.Repository[(slash + 1)..];
        var found = new List<(int Specificity, AuthConfig Auth)>();
        foreach (var secret in secrets)
        {
            foreach (var (key, auth) in Read(secret))
            {
                if (Matches(key, registry, path) is var specificity and >= 0)
                    found.Add((specificity, auth));
            }
        }

        return [.. found.OrderByDescending(entry => entry.Specificity).Select(entry => entry.Auth)];
    }

    private static IEnumerable<(string Key, AuthConfig Auth)> Read(Secret secret)
    {
        var (field, nested) = secret.Type switch
        {
            "kubernetes.io/dockerconfigjson" => (".dockerconfigjson", true),
            "kubernetes.io/dockercfg" => (".dockercfg", false),
            _ => ("", false),
        };
        if (field.Length == 0 || !secret.Data.TryGetValue(field, out var bytes))
            yield break;

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes.Memory);
        }
        catch (JsonException)
        {
            // A damaged secret is as good as none: the pull then says what the registry thinks of it.
            yield break;
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || (nested && !root.TryGetProperty("auths", out root)) || root.ValueKind != JsonValueKind.Object)
                yield break;
            foreach (var entry in root.EnumerateObject())
            {
                if (entry.Value.ValueKind == JsonValueKind.Object)
                    yield return (entry.Name, ReadAuth(entry.Name, entry.Value));
            }
        }
    }

    private static AuthConfig ReadAuth(string server, JsonElement entry)
    {
        var username = Text("username");
        var password = Text("password");
        if (username.Length == 0 && Text("auth") is { Length: > 0 } both && TryDecode(both) is { } pair
            && pair.IndexOf(':', StringComparison.Ordinal) is var colon and > 0)
        {
            username = pair[..colon];
            password = pair[(colon + 1)..].TrimEnd('\0');
        }

        return new()
        {
            Username = username,
            Password = password,
            IdentityToken = Text("identitytoken"),
            RegistryToken = Text("registrytoken"),
            ServerAddress = server,
        };

        string Text(string name) =>
            entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
    }

    private static string? TryDecode(string base64)
    {
        var buffer = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, buffer, out var length) ? Encoding.UTF8.GetString(buffer, 0, length) : null;
    }

    /// <summary>How specific a key's match is; below zero: none.</summary>
    private static int Matches(string key, string registry, string path)
    {
        var text = key;
        if (text.IndexOf("://", StringComparison.Ordinal) is var scheme and > 0)
            text = text[(scheme + 3)..];
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text : text[..slash];
        var prefix = slash < 0 ? "" : text[(slash + 1)..].Trim('/');
        if (prefix is "v1" or "v2")
            prefix = "";
        if (host is "index.docker.io" or "registry-1.docker.io")
            host = "docker.io";
        if (!HostMatches(host, registry))
            return -1;
        if (prefix.Length > 0 && !path.Equals(prefix, StringComparison.Ordinal) && !path.StartsWith(prefix + "/", StringComparison.Ordinal))
            return -1;
        return prefix.Length * 2 + (host.Contains('*', StringComparison.Ordinal) ? 0 : 1);
    }

    // "*.example.com" stands for exactly one label in each star's place.
    private static bool HostMatches(string pattern, string host)
    {
        if (!pattern.Contains('*', StringComparison.Ordinal))
            return string.Equals(pattern, host, StringComparison.OrdinalIgnoreCase);
        var wanted = pattern.Split('.');
        var labels = host.Split('.');
        return wanted.Length == labels.Length
            && wanted.Zip(labels).All(pair => Glob(pair.First, pair.Second));

        static bool Glob(string pattern, string label)
        {
            var star = pattern.IndexOf('*', StringComparison.Ordinal);
            if (star < 0)
                return string.Equals(pattern, label, StringComparison.OrdinalIgnoreCase);
            return label.Length >= pattern.Length - 1
                && label.StartsWith(pattern[..star], StringComparison.OrdinalIgnoreCase)
                && label.EndsWith(pattern[(star + 1)..], StringComparison.OrdinalIgnoreCase);
        }
    }
}
