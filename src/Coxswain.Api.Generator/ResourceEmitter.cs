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
        code.Append("    };\n");
    }

    private static string List(List<string> values) => "[" + string.Join(", ", values.Select(v => "\"" + v + "\"")) + "]";
}
