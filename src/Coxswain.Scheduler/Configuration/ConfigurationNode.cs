using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.Scheduler.Configuration;

/// <summary>A mapping of the configuration file that knows where it is and which of its keys were asked for.</summary>
internal sealed class ConfigurationNode(JsonElement element, string path, List<string> errors)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public string Path => path;

    public JsonElement? this[string name]
    {
        get
        {
            _asked.Add(name);
            return element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }
    }

    public string Text(string name, string otherwise = "") => this[name] is not { } value ? otherwise
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : Wrong(name, "string", otherwise);

    public bool Flag(string name) => this[name] is { } value && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : Wrong(name, "bool", false));

    public int? Number(string name) => this[name] is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : Wrong<int?>(name, "int32", null);

    public TimeSpan Duration(string name, TimeSpan otherwise)
    {
        if (Text(name) is not { Length: > 0 } text)
            return otherwise;
        try
        {
            return GoDuration.Parse(text);
        }
        catch (DecodeException)
        {
            return Wrong(name, "duration", otherwise);
        }
    }

    public byte[] Bytes(string name)
    {
        try
        {
            return Convert.FromBase64String(Text(name));
        }
        catch (FormatException)
        {
            return Wrong<byte[]>(name, "base64", []);
        }
    }

    public ConfigurationNode? Node(string name) => this[name] is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new(value, At(name), errors)
        : Wrong<ConfigurationNode?>(name, "object", null);

    public IReadOnlyList<ConfigurationNode> Nodes(string name)
    {
        if (this[name] is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.Object))
            return Wrong<IReadOnlyList<ConfigurationNode>>(name, "array of objects", []);
        return [.. value.EnumerateArray().Select((v, i) => new ConfigurationNode(v, $"{At(name)}[{i}]", errors))];
    }

    public IReadOnlyList<string> Texts(string name)
    {
        if (this[name] is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String))
            return Wrong<IReadOnlyList<string>>(name, "array of strings", []);
        return [.. value.EnumerateArray().Select(v => v.GetString()!)];
    }

    /// <summary>Complains of keys that nobody asked for.</summary>
    public void NoMore()
    {
        foreach (var property in element.EnumerateObject())
        {
            if (!_asked.Contains(property.Name))
                errors.Add($"unknown field \"{At(property.Name)}\"");
        }
    }

    public string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

    private T Wrong<T>(string name, string type, T otherwise)
    {
        errors.Add($"{At(name)}: not of type {type}");
        return otherwise;
    }
}
