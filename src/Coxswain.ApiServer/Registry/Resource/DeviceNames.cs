using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>The forms of names and values in the kinds of resource.k8s.io.</summary>
internal static class DeviceNames
{
    public const int MaxKeyLength = 63 + 1 + MaxIdLength;
    private const int MaxPoolNameLength = 253;
    private const int MaxIdLength = 32;

    /// <summary>DNS labels: names of devices, requests, counters.</summary>
    public static void Label(string name, FieldPath path, FieldErrors errors) => errors.Invalid(path, name, ValidationRules.Dns1123Label(name));

    public static void Driver(string name, FieldPath path, FieldErrors errors) => VolumeSourceRules.CsiDriverName(name, path, errors);

    public static void Class(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
            errors.Required(path);
        else
            errors.Invalid(path, name, ValidationRules.Dns1123Subdomain(name));
    }

    /// <summary>DNS subdomains with slashes between them.</summary>
    public static void Pool(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (name.Length > MaxPoolNameLength)
            errors.TooLong(path, MaxPoolNameLength);
        foreach (var part in name.Split('/'))
            errors.Invalid(path, part, ValidationRules.Dns1123Subdomain(part));
    }

    public static void Node(string name, FieldPath path, FieldErrors errors) => errors.Invalid(path, name, ValidationRules.Dns1123Subdomain(name));

    /// <summary>The name of an attribute or a capacity: a C identifier, with or without a domain.</summary>
    public static void Qualified(string name, FieldPath path, FieldErrors errors)
    {
        var parts = name.Split('/');
        if (parts.Length == 1)
            Identifier(name, path, errors);
        if (parts.Length != 2)
            return;
        if (parts[0].Length == 0)
            errors.Invalid(path, "", "the domain must not be empty");
        else
            Driver(parts[0], path, errors);
        if (parts[1].Length == 0)
            errors.Invalid(path, "", "the name must not be empty");
        else
            Identifier(parts[1], path, errors);
    }

    public static void FullyQualified(string name, FieldPath path, FieldErrors errors)
    {
        Qualified(name, path, errors);
        if (!name.Contains('/'))
            errors.Invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash");
    }

    /// <summary>A key as a path shows it: of a long one, both ends.</summary>
    public static string Shortened(string key, int max)
    {
        if (key.Length <= max)
            return key;
        var rest = max - 3;
        return string.Concat(key.AsSpan(0, (rest + 1) / 2), "...", key.AsSpan(key.Length - (rest / 2)));
    }

    public static void ShareId(string id, FieldPath path, FieldErrors errors)
    {
        if (!Guid.TryParse(id, out var parsed))
            errors.Invalid(path, id, id.Length is 36 or 38 or 32 or 45
                ? "error validating uid: invalid UUID format"
                : $"error validating uid: invalid UUID length: {id.Length}");
        else if (parsed.ToString() != id)
            errors.Invalid(path, id,
                "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters");
    }

    /// <summary>What is meant for a driver: any JSON object of limited size.</summary>
    public static void Opaque(RawJson parameters, int maxLength, FieldPath path, FieldErrors errors)
    {
        if (parameters.IsAbsent)
        {
            errors.Required(path);
            return;
        }

        if (parameters.Utf8.Length > maxLength)
        {
            errors.TooLong(path, maxLength);
            return;
        }

        var reader = new Utf8JsonReader(parameters.Utf8);
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            errors.Required(path);
        else if (reader.TokenType != JsonTokenType.StartObject)
            errors.Invalid(path, "<value omitted>", "must be a valid JSON object");
    }

    private static void Identifier(string id, FieldPath path, FieldErrors errors)
    {
        if (id.Length > MaxIdLength)
            errors.TooLong(path, MaxIdLength);
        errors.Invalid(path, id, ValidationRules.CIdentifier(id));
    }
}
