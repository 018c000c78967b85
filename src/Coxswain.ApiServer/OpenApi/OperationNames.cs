using System.Globalization;
using System.Text;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>How upstream makes names for operations and tags out of groups and versions.</summary>
internal static class OperationNames
{
    /// <summary>The group in identifiers: <c>Core</c>, <c>RbacAuthorization</c>, <c>StableExampleCom</c>.</summary>
    public static string Group(string group) => Join(Short(group), capital: true);

    /// <summary>The group and version in identifiers: <c>CoreV1</c>, <c>RbacAuthorizationV1</c>.</summary>
    public static string GroupVersion(GroupVersion version) => Group(version.Group) + Join(version.Version, capital: true);

    /// <summary>The group as a tag: <c>core</c>, <c>rbacAuthorization</c>.</summary>
    public static string GroupTag(string group) => Join(Short(group), capital: false);

    /// <summary>The group and version as a tag: <c>core_v1</c>, <c>rbacAuthorization_v1</c>.</summary>
    public static string Tag(GroupVersion version) => $"{GroupTag(version.Group)}_{Join(version.Version, capital: false)}";

    public static string Capital(string text) => text.Length == 0 ? "" : char.ToUpper(text[0], CultureInfo.InvariantCulture) + text[1..];

    private static string Short(string group) =>
        group.Length == 0 ? "core" : group.EndsWith(".k8s.io", StringComparison.Ordinal) ? group[..^".k8s.io".Length] : group;

    // What may not stand in an identifier makes the next letter a capital.
    private static string Join(string text, bool capital)
    {
        var name = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiLetter(text[i]) && text[i] != '_' && (i == 0 || !char.IsAsciiDigit(text[i])))
            {
                capital = true;
                continue;
            }

            name.Append(capital ? char.ToUpperInvariant(text[i]) : text[i]);
            capital = false;
        }

        return name.ToString();
    }
}
