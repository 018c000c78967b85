using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The descriptors of all served resources, and the codecs of all kinds.</summary>
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
            foreach (var resource in groupVersion.Resources)
                members.Add(EmitResource(code, facts, groupVersion, resource));
        }
        var versions = facts.GroupVersions.Select(g => $"new(\"{g.Group}\", \"{g.Version}\")");
        return code.Append($$"""
                private static ResourceDescriptor[] MakeAll() => [{{string.Join(", ", members)}}];
                private static GroupVersion[] MakeGroupVersions() => [{{string.Join(", ", versions)}}];
            }

            """).ToString();
    }

    public static string EmitCodecs(Facts facts) => $$"""
        namespace Coxswain.Api;
        public static partial class CodecTable
        {
            private static ObjectCodec[] MakeAll() =>
            [
        {{string.Join("\n", facts.Types.Where(t => t.IsKind).Select(t => $"        {t.FullName}.Codec,"))}}
            ];
        }

        """;

    private static string EmitResource(StringBuilder code, Facts facts, GroupVersionFact groupVersion, ResourceFact resource)
    {
        var space = Names.Namespace(groupVersion.Group, groupVersion.Version);
        var member = Member(space, resource.Kind);
        var type = $"global::{space}.{resource.Kind}";
        var list = facts.Types.Find(t => t.Namespace == space && t.Name == resource.Kind + "List");
        code.Append($$"""
                public static ResourceDescriptor {{member}} { get; } = new()
                {
                    Kind = {{type}}.ResourceKind,
                    ListKind = "{{resource.Kind}}List",
                    Plural = "{{resource.Plural}}",
                    Singular = "{{resource.Singular}}",
                    Namespaced = {{(resource.Namespaced ? "true" : "false")}},
                    ShortNames = {{List(resource.ShortNames)}},
                    Categories = {{List(resource.Categories)}},
                    Verbs = {{List(resource.Verbs)}},
                    Subresources = [{{string.Join(", ", resource.Subresources.Select(s => Subresource(groupVersion, s)))}}],
                    Codec = {{type}}.Codec,
                    ListCodec = {{(list is null ? "null" : list.FullName + ".Codec")}},
                    StorageKeyPrefix = "/registry/{{StoragePrefix(groupVersion.Group, resource.Plural)}}/",
                };

            """);
        return member;
    }

    private static string Subresource(GroupVersionFact groupVersion, JsonValue json)
    {
        var group = json["group"].IsPresent ? json["group"].Text : groupVersion.Group;
        var version = json["version"].IsPresent ? json["version"].Text : groupVersion.Version;
        var verbs = json["verbs"].Items.ConvertAll(v => v.Text);
        return $"new(\"{json["name"].Text}\", new(\"{group}\", \"{version}\", \"{json["kind"].Text}\"), {List(verbs)})";
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

    private static string List(List<string> values) => $"[{string.Join(", ", values.Select(v => $"\"{v}\""))}]";
}
