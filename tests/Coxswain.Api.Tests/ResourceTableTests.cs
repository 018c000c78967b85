using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Tests;

public sealed class ResourceTableTests
{
    [Fact]
    public void There_are_68_resources_in_22_group_versions_and_each_is_found()
    {
        Assert.Equal(68, ResourceTable.All.Count);
        Assert.Equal(22, ResourceTable.GroupVersions.Count);
        Assert.All(ResourceTable.All, d => Assert.Same(d, ResourceTable.Find(d.Resource)));
        Assert.Null(ResourceTable.Find(new("", "v1", "poods")));
    }

    [Fact]
    public void A_kind_knows_its_descriptor_and_the_descriptor_its_codecs()
    {
        Assert.Same(ResourceTable.CoreV1Pod, Pod.Descriptor);
        Assert.Equal(Pod.ResourceKind, Pod.Descriptor.Kind);
        Assert.Equal(typeof(Pod), Pod.Descriptor.Codec.ObjectType);
        Assert.Equal(typeof(PodList), Pod.Descriptor.ListCodec!.ObjectType);
        Assert.All(ResourceTable.All, d => Assert.Equal(d.HasVerb("list"), d.ListCodec is not null));
        Assert.All(ResourceTable.All, d => Assert.Equal(d.Kind, d.Codec.Kind));
    }

    [Theory]
    [InlineData("", "v1", "pods", "/registry/pods/ns/a")]
    [InlineData("", "v1", "services", "/registry/services/specs/ns/a")]
    [InlineData("", "v1", "endpoints", "/registry/services/endpoints/ns/a")]
    [InlineData("", "v1", "replicationcontrollers", "/registry/controllers/ns/a")]
    [InlineData("networking.k8s.io", "v1", "ingresses", "/registry/ingress/ns/a")]
    [InlineData("apps", "v1", "deployments", "/registry/deployments/ns/a")]
    [InlineData("events.k8s.io", "v1", "events", "/registry/events/ns/a")]
    [InlineData("coordination.k8s.io", "v1", "leases", "/registry/leases/ns/a")]
    public void A_key_is_where_upstream_keeps_the_object(string group, string version, string plural, string key) =>
        Assert.Equal(key, ResourceTable.Find(new(group, version, plural))!.StorageKey("ns", "a"));

    [Theory]
    [InlineData("", "v1", "nodes", "/registry/minions/a")]
    [InlineData("", "v1", "namespaces", "/registry/namespaces/a")]
    [InlineData("apiextensions.k8s.io", "v1", "customresourcedefinitions", "/registry/apiextensions.k8s.io/customresourcedefinitions/a")]
    [InlineData("apiregistration.k8s.io", "v1", "apiservices", "/registry/apiregistration.k8s.io/apiservices/a")]
    [InlineData("rbac.authorization.k8s.io", "v1", "clusterroles", "/registry/clusterroles/a")]
    public void A_cluster_scoped_key_has_no_namespace(string group, string version, string plural, string key) =>
        Assert.Equal(key, ResourceTable.Find(new(group, version, plural))!.StorageKey("", "a"));

    [Fact]
    public void Two_resources_share_a_prefix_only_where_upstream_keeps_one_object_for_both()
    {
        var shared = ResourceTable.All.GroupBy(d => d.StorageKeyPrefix).Where(g => g.Count() > 1).Select(g => g.Key).Order(StringComparer.Ordinal);
        Assert.Equal(["/registry/events/", "/registry/horizontalpodautoscalers/"], shared);
    }

    [Fact]
    public void An_object_prints_its_name_and_nothing_else() =>
        Assert.Equal("Secret { ns/a }", new Secret
        {
            Metadata = new() { Namespace = "ns", Name = "a" },
            StringData = ApiMap.Of("password", "hunter2"),
        }.ToString());
}
