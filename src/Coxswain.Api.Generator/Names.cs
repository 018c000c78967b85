using System.Globalization;
using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>How Kubernetes' names become C# names.</summary>
internal static class Names
{
    public const string Meta = "Coxswain.Api.Meta.V1";
    public const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    public const string ListMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

    private static readonly Dictionary<string, string> Groups = new(StringComparer.Ordinal)
    {
        [""] = "Core",
        ["rbac.authorization.k8s.io"] = "Rbac",
        ["flowcontrol.apiserver.k8s.io"] = "FlowControl",
        ["admissionregistration.k8s.io"] = "AdmissionRegistration",
        ["apiextensions.k8s.io"] = "ApiExtensions",
        ["apiregistration.k8s.io"] = "ApiRegistration",
        ["apidiscovery.k8s.io"] = "ApiDiscovery",
    };

    // Members that a generated record has besides its properties.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "Empty", "Descriptor", "ResourceKind", "Codec", "IndexOf", "SchemaIndex", "GroupVersionKind",
        "Equals", "GetHashCode", "ToString", "Clone", "PrintMembers", "EqualityContract",
    };

    // Kinds of the meta package that belong to no group: every group version knows them, and documents carry "v1".
    private static readonly HashSet<string> Unversioned = new(StringComparer.Ordinal)
    {
        "Status", "APIVersions", "APIGroupList", "APIGroup", "APIResourceList", "ListOptions", "GetOptions", "DeleteOptions",
        "CreateOptions", "PatchOptions", "ApplyOptions", "UpdateOptions",
    };

    public static string Namespace(string group, string version)
    {
        if (!Groups.TryGetValue(group, out var name))
        {
            var dot = group.IndexOf('.');
            name = Capital(dot < 0 ? group : group.Substring(0, dot));
        }
        return "Coxswain.Api." + name + "." + Capital(version).Replace("beta", "Beta").Replace("alpha", "Alpha");
    }

    /// <summary>The C# name of a struct. The meta package's forms of a group and kind would hide those of the house.</summary>
    public static string TypeName(string definition, string go) => definition switch
    {
        "io.k8s.apimachinery.pkg.version.Info" => "VersionInfo",
        "io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionKind" or "io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionResource"
            or "io.k8s.apimachinery.pkg.apis.meta.v1.GroupResource" or "io.k8s.apimachinery.pkg.apis.meta.v1.GroupKind"
            or "io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersion" => go + "Reference",
        _ => go,
    };

    public static (string Group, string Version) KindGroupVersion(string group, string version, string name) =>
        group == "meta.k8s.io" && Unversioned.Contains(name) ? ("", version) : (group, version);

    public static string Property(string json, string go, string owner)
    {
        var name = json.Length > 0 && IsIdentifier(json) ? Capital(json) : go;
        if (name != owner && !Reserved.Contains(name))
            return name;
        return go != owner && !Reserved.Contains(go) ? go : go + "Value";
    }

    /// <summary>The name of a constant, from its value: <c>kubernetes.io/tls</c> becomes KubernetesIoTls.</summary>
    public static string Constant(string value, string owner)
    {
        var name = new StringBuilder();
        var capital = true;
        foreach (var c in value)
        {
            if (!(c is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9'))
            {
                if (c == '*')
                    name.Append("All");
                capital = true;
                continue;
            }
            if (name.Length == 0 && c is >= '0' and <= '9')
                name.Append('_');
            name.Append(capital ? char.ToUpper(c, CultureInfo.InvariantCulture) : c);
            capital = false;
        }
        var result = name.ToString();
        return result == owner ? result + "Value" : result;
    }

    public static string Capital(string name) => name.Length == 0 ? name : char.ToUpperInvariant(name[0]) + name.Substring(1);

    private static bool IsIdentifier(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsLetterOrDigit(c) && c != '_')
                return false;
        }
        return !char.IsDigit(name[0]);
    }
}
