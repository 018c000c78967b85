using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>Reads which resources a server serves: aggregated discovery where the server has it, else group by group.</summary>
internal sealed class DiscoveryReader(Func<string, string, CancellationToken, Task<byte[]>> get)
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

    public async Task<IReadOnlyList<ServedResource>> ReadAsync(CancellationToken cancellation)
    {
        var served = new List<ServedResource>();
        var failures = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var root in (string[])["/api", "/apis"])
        {
            using var document = JsonDocument.Parse(await get(root, Aggregated, cancellation).ConfigureAwait(false));
            if (Text(document.RootElement, "kind") == "APIGroupDiscoveryList")
                AddAggregated(document.RootElement, served, failures);
            else
                await AddGroupsAsync(root, document.RootElement, served, cancellation).ConfigureAwait(false);
        }
        return failures.Count == 0 ? served : new PartialDiscovery(served, failures);
    }

    private static void AddAggregated(JsonElement list, List<ServedResource> served, Dictionary<string, string> failures)
    {
        foreach (var group in Items(list, "items"))
        {
            var name = group.TryGetProperty("metadata", out var metadata) ? Text(metadata, "name") : "";
            foreach (var version in Items(group, "versions"))
            {
                if (Text(version, "freshness") == "Stale")
                    failures[$"{name}/{Text(version, "version")}"] = "stale GroupVersion discovery";
                foreach (var resource in Items(version, "resources"))
                    served.Add(new(new(name, Text(version, "version"), Text(resource, "resource")),
                        resource.TryGetProperty("responseKind", out var kind) ? Text(kind, "kind") : "",
                        Text(resource, "scope") == "Namespaced", Strings(resource, "verbs")));
            }
        }
    }

    private async Task AddGroupsAsync(string root, JsonElement document, List<ServedResource> served, CancellationToken cancellation)
    {
        foreach (var version in root == "/api" ? Strings(document, "versions") : GroupVersions(document))
        {
            using var list = JsonDocument.Parse(await get($"{root}/{version}", "application/json", cancellation).ConfigureAwait(false));
            _ = GroupVersion.TryParse(version, out var parsed);
            foreach (var resource in Items(list.RootElement, "resources"))
            {
                if (!Text(resource, "name").Contains('/', StringComparison.Ordinal))
                    served.Add(new(new(parsed.Group, parsed.Version, Text(resource, "name")), Text(resource, "kind"),
                        resource.TryGetProperty("namespaced", out var namespaced) && namespaced.GetBoolean(), Strings(resource, "verbs")));
            }
        }
    }

    /// <summary>The group versions, of each group the preferred one first.</summary>
    private static List<string> GroupVersions(JsonElement groups)
    {
        var result = new List<string>();
        foreach (var group in Items(groups, "groups"))
        {
            var preferred = group.TryGetProperty("preferredVersion", out var version) ? Text(version, "groupVersion") : "";
            result.AddRange(Items(group, "versions").Select(v => Text(v, "groupVersion")).OrderByDescending(v => v == preferred));
        }
        return result;
    }

    private static IEnumerable<JsonElement> Items(JsonElement element, string member) =>
        element.TryGetProperty(member, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [];

    private static string Text(JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static List<string> Strings(JsonElement element, string member) => [.. Items(element, member).Select(v => v.GetString() ?? "")];
}
