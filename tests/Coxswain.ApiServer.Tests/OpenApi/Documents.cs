using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.OpenApi;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>The documents of everything that is built in.</summary>
internal static class Documents
{
    public static OpenApiResource[] Resources { get; } = [.. ResourceTable.All.Select(descriptor => new OpenApiResource(descriptor))];

    public static OpenApiSnapshot BuiltIn { get; } = new(Resources, "v1.36.0");

    public static JsonElement V2 { get; } = Parse(BuiltIn.V2);

    public static JsonElement V3(string path) => Parse(BuiltIn.Find(path)!);

    public static JsonElement Parse(PackedDocument document) => JsonElement.Parse(document.Json.Unpack());

    /// <summary>The documents of version 3 of group versions.</summary>
    public static IEnumerable<(GroupVersion Version, JsonElement Root)> AllV3 => ResourceTable.GroupVersions.Select(version => (version, V3(OpenApiV3.Path(version))));

    public static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member =>
            member.NameEquals("$ref") && member.Value.ValueKind == JsonValueKind.String ? [member.Value.GetString()!] : References(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };
}
