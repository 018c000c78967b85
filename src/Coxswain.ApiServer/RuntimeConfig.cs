using Coxswain.Api;

namespace Coxswain.ApiServer;

/// <summary>Which API versions clients see, by --runtime-config. What is off is still stored and read inside the server: roles are needed even
/// where nobody may look at them.</summary>
/// <remarks>The more exact key wins: GROUP/VERSION/RESOURCE, GROUP/VERSION, then api/ga, api/beta and api/alpha, then api/all.</remarks>
internal sealed class RuntimeConfig(IReadOnlyDictionary<string, string> config)
{
    private static readonly string[] Wholes = ["api/all", "api/ga", "api/beta", "api/alpha"];

    /// <summary>Everything is served.</summary>
    public bool IsEmpty => config.Count == 0;

    public bool IsServed(ResourceDescriptor descriptor)
    {
        if (IsEmpty)
            return true;
        var version = KeyOf(descriptor.Kind.Group, descriptor.Kind.Version);
        return Find($"{version}/{descriptor.Plural}") ?? Find(version) ?? Find(Stability(descriptor.Kind.Version)) ?? Find("api/all") ?? true;
    }

    /// <summary>What is wrong with the configuration, in upstream's words where it has them.</summary>
    public IEnumerable<string> Problems()
    {
        if (config.Count == 1 && Find("api/all") == false)
            yield return "invalid key with only api/all=false";
        var unknownGroups = new List<string>();
        foreach (var (key, value) in config)
        {
            if (!TryBool(value, out _))
            {
                yield return Wholes.Contains(key) ? $"invalid value {key}={value}" : $"invalid value of runtime-config {key}: {value} is neither true nor false";
                continue;
            }

            var parts = key.Split('/');
            if (Wholes.Contains(key) || key == "v1")
                continue;
            if (parts.Length is not (2 or 3))
            {
                yield return $"runtime-config: invalid key {key}: expected GROUP/VERSION, api/v1, {string.Join(", ", Wholes)}";
                continue;
            }

            var group = parts[0] == "api" ? "" : parts[0];
            if (!ResourceTable.All.Any(d => d.Kind.Group == group))
                unknownGroups.Add(group);
            else if (!ResourceTable.All.Any(d => d.Kind.Group == group && d.Kind.Version == parts[1]))
                yield return $"runtime-config: group version {parts[0]}/{parts[1]} has not been registered; of this group there {Versions(group)}";
            else if (parts.Length == 3 && !ResourceTable.All.Any(d => d.Kind.Group == group && d.Kind.Version == parts[1] && d.Plural == parts[2]))
                yield return $"runtime-config: {parts[0]}/{parts[1]} has no resource {parts[2]}";
        }

        if (unknownGroups.Count > 0)
            yield return $"unknown api groups {string.Join(',', unknownGroups)}";
    }

    private static string Versions(string group)
    {
        var versions = ResourceTable.All.Where(d => d.Kind.Group == group).Select(d => d.Kind.Version).Distinct().ToList();
        return (versions.Count == 1 ? "is " : "are ") + string.Join(", ", versions);
    }

    private static string KeyOf(string group, string version) => group.Length == 0 ? $"api/{version}" : $"{group}/{version}";

    private static string Stability(string version) =>
        version.Contains("alpha", StringComparison.Ordinal) ? "api/alpha" : version.Contains("beta", StringComparison.Ordinal) ? "api/beta" : "api/ga";

    private bool? Find(string key) =>
        config.TryGetValue(key, out var value) || (key == "api/v1" && config.TryGetValue("v1", out value)) ? !TryBool(value, out var on) || on : null;

    private static bool TryBool(string text, out bool value)
    {
        value = text is "true" or "True" or "TRUE" or "t" or "T" or "1" or "";
        return value || text is "false" or "False" or "FALSE" or "f" or "F" or "0";
    }
}
