using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Gives the messages of what is wrong with a name; none if it is right.</summary>
/// <param name="prefix">The text is metadata.generateName, to which a suffix will be added.</param>
public delegate IReadOnlyList<string> NameRule(string name, bool prefix);

/// <summary>The rules for names of objects.</summary>
public static class NameRules
{
    public static NameRule DnsSubdomain { get; } = (name, prefix) => ValidationRules.Dns1123Subdomain(prefix ? MaskTrailingDash(name) : name);

    public static NameRule DnsLabel { get; } = (name, prefix) => ValidationRules.Dns1123Label(prefix ? MaskTrailingDash(name) : name);

    public static NameRule Dns1035Label { get; } = (name, prefix) => ValidationRules.Dns1035Label(prefix ? MaskTrailingDash(name) : name);

    /// <summary>Whatever can stand in a path (RBAC names have colons).</summary>
    public static NameRule PathSegment { get; } = (name, prefix) => prefix ? PathSegmentPrefix(name) : ValidationRules.PathSegmentName(name);

    // A prefix is followed by letters, so that its closing dash does not close the name.
    private static string MaskTrailingDash(string name) => name.Length > 1 && name[^1] == '-' ? string.Concat(name.AsSpan(0, name.Length - 2), "a") : name;

    // "." and ".." are no names, but begin some.
    private static IReadOnlyList<string> PathSegmentPrefix(string name) => name is "." or ".." ? [] : ValidationRules.PathSegmentName(name);
}
