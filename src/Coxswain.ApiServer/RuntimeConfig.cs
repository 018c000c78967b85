using Coxswain.Api;

namespace Coxswain.ApiServer;

/// <summary>Which of the built-in resources are served, by --runtime-config.</summary>
internal static class RuntimeConfig
{
    public static IEnumerable<ResourceDescriptor> Served(ApiServerOptions options) =>
        options.RuntimeConfig.Count == 0 ? ResourceTable.All : ResourceTable.All.Where(d => IsOn(options.RuntimeConfig, d));

    private static bool IsOn(IReadOnlyDictionary<string, string> config, ResourceDescriptor descriptor)
    {
        var version = descriptor.Kind.Group.Length == 0 ? "api/v1" : descriptor.Kind.ApiVersion;
        if (config.TryGetValue($"{version}/{descriptor.Plural}", out var resource))
            return resource != "false";
        if (config.TryGetValue(version, out var one))
            return one != "false";
        if (config.TryGetValue("api/ga", out var stable))
            return stable != "false";
        return !config.TryGetValue("api/all", out var all) || all != "false";
    }
}
