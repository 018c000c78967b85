using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Names that are legal, but make trouble elsewhere.</summary>
internal static class NameWarnings
{
    /// <param name="use">For what the name is used.</param>
    public static void Hostname(string name, string use, ICollection<string> warnings)
    {
        if (ValidationRules.Dns1123Label(name) is { Count: > 0 } messages)
            warnings.Add($"metadata.name: this is used in {use}, which can result in surprising behavior; a DNS label is recommended: "
                + $"[{string.Join(' ', messages)}]");
    }

    /// <summary>Of what makes pods from a template: its name, and the template.</summary>
    public static void Workload(string name, ICollection<string> warnings) => Hostname(name, "Pod names and hostnames", warnings);
}
