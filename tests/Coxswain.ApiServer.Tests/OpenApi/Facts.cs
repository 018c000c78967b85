using System.Text.Json;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>The facts of the interface as they stand in schema/facts, read without the code under test.</summary>
internal static class Facts
{
    public static JsonElement Resources { get; } = Read("resources.json");

    /// <summary>Types by their definition's name.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Types { get; } = Packages.SelectMany(package => package.GetProperty("types").EnumerateArray())
        .ToDictionary(type => type.GetProperty("def").GetString()!);

    /// <summary>Named scalars and lists by their definition's name.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Named { get; } = Packages.SelectMany(package => package.GetProperty("named").EnumerateArray())
        .ToDictionary(named => named.GetProperty("def").GetString()!);

    public static IEnumerable<(string Group, string Version, JsonElement Resource)> Served =>
        from version in Resources.GetProperty("groupVersions").EnumerateArray()
        from resource in version.GetProperty("resources").EnumerateArray()
        select (version.GetProperty("group").GetString()!, version.GetProperty("version").GetString()!, resource);

    /// <summary>The fields that a JSON document has, without apiVersion and kind.</summary>
    public static IEnumerable<JsonElement> Fields(JsonElement type) => type.GetProperty("fields").EnumerateArray()
        .Where(field => field.GetProperty("json").ValueKind == JsonValueKind.String && !(IsKind(type) && Text(field, "json") is "kind" or "apiVersion" && Text(field, "via") == "TypeMeta"));

    public static bool IsKind(JsonElement type) => Is(type, "kind");

    public static bool Is(JsonElement element, string flag) => element.TryGetProperty(flag, out var value) && value.ValueKind == JsonValueKind.True;

    public static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    public static string[] Texts(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(one => one.GetString()!)] : [];

    public static string[] Verbs(JsonElement resource) => Texts(resource, "verbs");

    /// <summary>The struct that a type expression is made of, or null.</summary>
    public static string? StructOf(string expression)
    {
        while (expression.StartsWith("[]", StringComparison.Ordinal) || expression.StartsWith("map[string]", StringComparison.Ordinal))
            expression = expression[(expression.IndexOf(']', StringComparison.Ordinal) + 1)..];
        return Types.ContainsKey(expression) ? expression : null;
    }

    private static IEnumerable<JsonElement> Packages => Read("types.json").GetProperty("packages").EnumerateArray();

    private static JsonElement Read(string name)
    {
        using var stream = typeof(Facts).Assembly.GetManifestResourceStream(name)!;
        return JsonElement.Parse(new BinaryReader(stream).ReadBytes((int)stream.Length));
    }
}
