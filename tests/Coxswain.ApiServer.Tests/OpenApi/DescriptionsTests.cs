using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.OpenApi;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>The texts of schema/descriptions: none for what does not exist, and enough for what people look up.</summary>
public sealed class DescriptionsTests
{
    private static readonly Descriptions Texts = Descriptions.Load();

    [Fact]
    public void No_entry_names_a_type_or_field_that_does_not_exist()
    {
        var known = new HashSet<string>(["*.List", "*.kind", "*.apiVersion", "*.metadata", "*.listMetadata", "*.items"]);
        foreach (var (name, type) in Facts.Types)
        {
            known.Add(name);
            known.UnionWith(Facts.Fields(type).Select(field => $"{name}.{Facts.Text(field, "json")}"));
        }

        known.UnionWith(Documents.V2.GetProperty("definitions").EnumerateObject().Select(definition => definition.Name));
        known.UnionWith(Documents.AllV3.SelectMany(document => document.Root.GetProperty("components").GetProperty("schemas").EnumerateObject()).Select(schema => schema.Name));
        Assert.Equal("", string.Join(", ", Texts.Keys.Except(known)));
        Assert.All(Texts.Likes, like => Assert.Contains(like.Value, known));
        // Of a type that another is like, some field must be of use to it.
        Assert.All(Texts.Likes, like => Assert.NotEmpty(Facts.Fields(Facts.Types[like.Key]).Select(field => Facts.Text(field, "json"))
            .Intersect(Facts.Fields(Facts.Types[like.Value]).Select(field => Facts.Text(field, "json")))));
    }

    [Fact]
    public void Texts_are_sentences()
    {
        foreach (var key in Texts.Keys)
        {
            var text = Texts.Definition(key)!;
            Assert.True(text[^1] == '.', $"{key} does not end: {text}");
            Assert.DoesNotContain("  ", text, StringComparison.Ordinal);
            // kubectl 1.20 prints texts as formats.
            Assert.DoesNotContain("%", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_served_kind_its_spec_and_its_status_are_described()
    {
        var lacking = new List<string>();
        foreach (var descriptor in ResourceTable.All)
        {
            Check(descriptor.Schema);
            foreach (var name in new[] { "spec", "status" })
                if (descriptor.Schema.FindField(name) is { Type.Kind: SchemaKind.Object } field)
                    Check(field.Type);
            foreach (var field in descriptor.Schema.Fields.Where(field => Texts.Field(descriptor.Schema, field) is null))
                lacking.Add($"{descriptor.Schema.Name}.{field.Name}");
        }

        Assert.Empty(lacking.Distinct());

        void Check(SchemaType type)
        {
            if (Texts.Type(type) is null)
                lacking.Add(type.Name);
        }
    }

    [Theory]
    [InlineData("core.v1")]
    [InlineData("apps.v1")]
    [InlineData("batch.v1")]
    [InlineData("networking.v1")]
    [InlineData("rbac.v1")]
    [InlineData("storage.v1")]
    [InlineData("policy.v1")]
    [InlineData("autoscaling.v1")]
    [InlineData("autoscaling.v2")]
    [InlineData("apimachinery.pkg.apis.meta.v1")]
    public void At_least_95_of_100_fields_that_people_look_up_are_described(string package)
    {
        var (described, lacking) = Count(name => name.Contains($".{package}.", StringComparison.Ordinal));
        Assert.True(described >= 0.95 * (described + lacking.Count), $"{described} of {described + lacking.Count}; not: {string.Join(", ", lacking.Take(60))}");
    }

    [Fact]
    public void Nearly_all_fields_of_all_definitions_are_described()
    {
        var (described, lacking) = Count(_ => true);
        Assert.True(described >= 0.99 * (described + lacking.Count), $"{described} of {described + lacking.Count}; not: {string.Join(", ", lacking.Take(60))}");
    }

    [Fact]
    public void The_common_types_are_described()
    {
        foreach (var name in new[] { "ObjectMeta", "ListMeta", "LabelSelector", "LabelSelectorRequirement", "Condition", "OwnerReference", "ManagedFieldsEntry", "Status", "StatusDetails", "StatusCause", "DeleteOptions", "Preconditions", "WatchEvent", "Time", "MicroTime", "FieldsV1", "Patch" })
            Assert.NotNull(Texts.Definition("io.k8s.apimachinery.pkg.apis.meta.v1." + name));
        Assert.NotNull(Texts.Definition("io.k8s.apimachinery.pkg.api.resource.Quantity"));
        Assert.NotNull(Texts.Definition("io.k8s.apimachinery.pkg.util.intstr.IntOrString"));
        Assert.NotNull(Texts.Definition("io.k8s.apimachinery.pkg.runtime.RawExtension"));
    }

    [Fact]
    public void Every_parameter_is_described() => Assert.All(
        Documents.V2.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .SelectMany(member => member.Name == "parameters" ? member.Value.EnumerateArray() : member.Value.TryGetProperty("parameters", out var own) ? own.EnumerateArray() : [])
            .Concat(Documents.V2.GetProperty("parameters").EnumerateObject().Select(shared => shared.Value))
            .Where(parameter => parameter.TryGetProperty("in", out var place) && place.GetString() != "body"),
        parameter => Assert.NotEqual("", Facts.Text(parameter, "description")));

    [Fact]
    public void Version_2_names_every_choice_in_words_because_its_clients_do_not_show_them()
    {
        var lacking = from definition in Documents.V2.GetProperty("definitions").EnumerateObject()
                      where definition.Value.TryGetProperty("properties", out _)
                      from property in definition.Value.GetProperty("properties").EnumerateObject()
                      from value in Facts.Texts(property.Value, "enum")
                      where !Facts.Text(property.Value, "description").Contains(value, StringComparison.Ordinal)
                      select $"{definition.Name}.{property.Name}: {value}";
        Assert.Empty(lacking);
    }

    [Theory]
    [InlineData("Pod: a\n", "line 1 comes before the package")]
    [InlineData("package a\nPod a\n", "line 2 no 'NAME: text'")]
    [InlineData("package a\n  spec: a\n", "line 2 is indented wrongly")]
    [InlineData("package a\nPod: a\n   spec: a\n", "line 3 is indented wrongly")]
    [InlineData("package a\nPod: a\nPod: b\n", "line 3 says again what a.Pod is")]
    [InlineData("package a\n    more\n", "line 2 continues nothing")]
    public void What_has_not_the_form_is_refused_with_its_line(string text, string message) =>
        Assert.Equal("t: " + message, Assert.Throws<FormatException>(() => Descriptions.Parse("t", text)).Message);

    [Fact]
    public void A_text_may_go_on_over_lines_and_keeps_its_lists()
    {
        var texts = Descriptions.Parse("t", "# c\npackage a\n\nPod: One\n    two:\n    - three\n      four\n    - five.\n  spec: Six.\n");
        Assert.Equal("One two:\n- three four\n- five.", texts.Definition("a.Pod"));
        Assert.Equal("Six.", texts.Field("a.Pod", "spec"));
    }

    private static (int Described, List<string> Lacking) Count(Func<string, bool> isOf)
    {
        var described = 0;
        var lacking = new List<string>();
        foreach (var definition in Documents.V2.GetProperty("definitions").EnumerateObject().Where(definition => isOf(definition.Name)))
        {
            if (Has(definition.Value))
                described++;
            else
                lacking.Add(definition.Name);
            if (!definition.Value.TryGetProperty("properties", out var properties))
                continue;
            foreach (var property in properties.EnumerateObject())
            {
                if (Has(property.Value))
                    described++;
                else
                    lacking.Add($"{definition.Name}.{property.Name}");
            }
        }

        return (described, lacking);
    }

    private static bool Has(JsonElement schema) => Facts.Text(schema, "description").Length > 0;
}
