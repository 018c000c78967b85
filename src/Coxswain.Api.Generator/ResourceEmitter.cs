using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The descriptors of all served resources.</summary>
internal static class ResourceEmitter
{
    /// <summary>The name of the member of ResourceTable that describes a kind: CoreV1Pod.</summary>
    public static string Member(string space, string kind) => space.Substring("Coxswain.Api.".Length).Replace(".", "") + kind;

    public static string Emit(Facts facts)
    {
        var code = new StringBuilder("namespace Coxswain.Api;\npublic static partial class ResourceTable\n{\n");
        var members = new List<string>();
        foreach (var groupVersion in facts.GroupVersions)
        {
            var space = Names.Namespace(groupVersion.Group, groupVersion.Version);
            foreach (var resource in groupVersion.Resources)
            {
                var member = Member(space, resource.Kind);
                members.Add(member);
                EmitResource(code, facts, groupVersion, resource, space, member);
            }
        }
        code.Append("    private static ResourceDescriptor[] MakeAll() =>\n    [\n        ").Append(string.Join(", ", members)).Append(",\n    ];\n")
            .Append("    private static GroupVersion[] MakeGroupVersions() =>\n    [\n        ")
            .Append(string.Join(", ", facts.GroupVersions.Select(g => "new(\"" + g.Group + "\", \"" + g.Version + "\")"))).Append(",\n    ];\n}\n");
        return code.ToString();
    }

    public static string EmitCodecs(Facts facts) =>
        "namespace Coxswain.Api;\npublic static partial class CodecTable\n{\n    private static ObjectCodec[] MakeAll() =>\n    [\n"
        + string.Concat(facts.Types.Where(t => t.IsKind).Select(t => "        " + t.FullName + ".Codec,\n")) + "    ];\n}\n";

    private static void EmitResource(
        StringBuilder code, Facts facts, GroupVersionFact groupVersion, ResourceFact resource, string space, string member)
    {
        var type = "global::" + space + "." + resource.Kind;
        code.Append("    public static ResourceDescriptor ").Append(member).Append(" { get; } = new()\n    {\n")
            .Append("        Kind = ").Append(type).Append(".ResourceKind, ListKind = \"").Append(resource.Kind).Append("List\", Plural = \"")
            .Append(resource.Plural).Append("\", Singular = \"").Append(resource.Singular).Append("\", Namespaced = ")
            .Append(resource.Namespaced ? "true" : "false").Append(",\n        ShortNames = ").Append(List(resource.ShortNames))
            .Append(", Categories = ").Append(List(resource.Categories)).Append(",\n        Verbs = ").Append(List(resource.Verbs)).Append(",\n");
        if (resource.Subresources.Count > 0)
        {
            code.Append("        Subresources =\n        [\n");
            foreach (var sub in resource.Subresources)
            {
                var group = sub["group"].IsPresent ? sub["group"].Text : groupVersion.Group;
                var version = sub["version"].IsPresent ? sub["version"].Text : groupVersion.Version;
                code.Append("            new(\"").Append(sub["name"].Text).Append("\", new(\"").Append(group).Append("\", \"").Append(version)
                    .Append("\", \"").Append(sub["kind"].Text).Append("\"), ").Append(List(sub["verbs"].Items.ConvertAll(v => v.Text)))
                    .Append("),\n");
            }
            code.Append("        ],\n");
        }
        var list = facts.Types.Find(t => t.Namespace == space && t.Name == resource.Kind + "List");
        code.Append("        Codec = ").Append(type).Append(".Codec,\n");
        if (list is not null)
            code.Append("        ListCodec = ").Append(list.FullName).Append(".Codec,\n");
        code.Append("        StorageKeyPrefix = \"/registry/").Append(StoragePrefix(groupVersion.Group, resource.Plural)).Append("/\",\n    };\n");
    }

    /// <summary>Where upstream's API server keeps a resource below /registry.</summary>
    private static string StoragePrefix(string group, string plural) => (group, plural) switch
    {
        ("", "replicationcontrollers") => "controllers",
        ("", "endpoints") => "services/endpoints",
        ("", "nodes") => "minions",
        ("", "services") => "services/specs",
        ("networking.k8s.io", "ingresses") => "ingress",
        // The extension and aggregation servers keep the group in the key.
        ("apiextensions.k8s.io", _) or ("apiregistration.k8s.io", _) => group + "/" + plural,
        _ => plural,
    };

    private static string List(List<string> values) => "[" + string.Join(", ", values.Select(v => "\"" + v + "\"")) + "]";
}
