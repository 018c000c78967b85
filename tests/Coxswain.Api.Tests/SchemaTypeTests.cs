using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Tests;

public sealed class SchemaTypeTests
{
    [Fact]
    public void A_type_is_one_instance_however_it_is_reached()
    {
        var template = Deployment.Codec.Schema.FindField("spec")!.Type.FindField("template")!.Type;
        Assert.Same(Pod.Codec.Schema.FindField("spec")!.Type, template.FindField("spec")!.Type);
        Assert.Same(template, SchemaType.Find("io.k8s.api.core.v1.PodTemplateSpec"));
        Assert.Null(SchemaType.Find("io.k8s.api.core.v1.Nothing"));
    }

    [Fact]
    public void A_list_knows_how_it_is_merged_and_what_Go_calls_its_items()
    {
        var containers = SchemaType.Find("io.k8s.api.core.v1.PodSpec")!.FindField("containers")!;
        Assert.Equal(SchemaKind.List, containers.Type.Kind);
        Assert.Equal("v1.Container", containers.Type.Item!.GoName);
        Assert.Equal("map", containers.ListType);
        Assert.Equal(["name"], containers.ListMapKeys);
        Assert.Equal(("merge", "name"), (containers.PatchStrategy, containers.PatchMergeKey));
        Assert.True(containers.IsRequired);
    }

    [Fact]
    public void A_field_knows_its_enum_its_default_and_its_name_in_Go()
    {
        var port = SchemaType.Find("io.k8s.api.core.v1.ContainerPort")!;
        var protocol = port.FindField("protocol")!;
        Assert.Equal("v1.Protocol", protocol.GoType);
        Assert.Equal(["SCTP", "TCP", "UDP"], protocol.Enum);
        Assert.Equal("\"TCP\"", protocol.Default.ToString());
        Assert.Equal("v1.ResourceList", SchemaType.Find("io.k8s.api.core.v1.ResourceRequirements")!.FindField("limits")!.GoType);
    }

    [Fact]
    public void A_struct_that_is_one_value_is_atomic() =>
        Assert.True(SchemaType.Find("io.k8s.api.core.v1.SecretKeySelector")!.IsAtomic);

    [Fact]
    public void A_type_may_contain_itself()
    {
        var schema = SchemaType.Find("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")!;
        Assert.Same(schema, schema.FindField("not")!.Type);
    }

    [Fact]
    public void Every_field_of_every_type_can_be_read()
    {
        Assert.All(SchemaType.BuiltIn, type => Assert.All(type.Fields, field => Assert.NotEmpty(field.GoType)));
        Assert.Equal(SchemaType.BuiltIn.Count(), SchemaType.BuiltIn.Select(t => t.Name).Distinct().Count());
    }

    [Fact]
    public void Many_threads_see_one_instance()
    {
        var name = "io.k8s.api.resource.v1.ResourceSlice";
        var seen = new SchemaType[64];
        Parallel.For(0, seen.Length, i => seen[i] = SchemaType.Find(name)!.FindField("spec")!.Type);
        Assert.Single(seen.Distinct());
    }

    [Fact]
    public void A_schema_that_is_not_built_in_is_made_of_the_same_parts()
    {
        var type = SchemaType.Object("x", [new() { Name = "a", Type = SchemaType.ListOf(SchemaType.Scalar(SchemaKind.String)), ListType = "set" }]);
        Assert.Equal("[]string", type.FindField("a")!.Type.GoName);
        Assert.Null(type.FindField("b"));
        Assert.Throws<ArgumentOutOfRangeException>(() => SchemaType.Scalar(SchemaKind.Object));
    }
}
