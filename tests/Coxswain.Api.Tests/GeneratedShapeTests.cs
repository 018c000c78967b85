using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.Tests;

/// <summary>The names and types that the rest of the house writes against.</summary>
public sealed class GeneratedShapeTests
{
    [Fact]
    public void A_property_is_the_json_name_with_a_capital()
    {
        var status = new PodStatus { PodIP = "10.0.0.1", HostIP = "10.0.0.2", PodIPs = [new() { Ip = "10.0.0.1" }] };
        Assert.Equal("10.0.0.1", status.PodIPs[0].Ip);
        Assert.Equal(["10.96.0.1"], new ServiceSpec { ClusterIPs = ["10.96.0.1"] }.ClusterIPs);
        Assert.Equal("u", new ObjectMeta { Uid = "u" }.Uid);
    }

    [Fact]
    public void A_property_that_would_hide_its_type_is_a_value()
    {
        Assert.Equal(80, new ContainerPort { ContainerPortValue = 80 }.ContainerPortValue);
        Assert.Equal("Failure", new Status { StatusValue = "Failure" }.StatusValue);
        Assert.Equal("#/x", new ApiExtensions.V1.JSONSchemaProps { Ref = "#/x", XIntOrString = true }.Ref);
    }

    [Fact]
    public void Embedded_structs_stand_in_place()
    {
        Assert.Equal("cm", new ConfigMapVolumeSource { Name = "cm" }.Name);
        Assert.NotNull(new Volume { Name = "v", EmptyDir = new() }.EmptyDir);
        Assert.Equal(80, new Probe { HttpGet = new() { Port = 80 } }.HttpGet!.Port.IntValue);
    }

    [Fact]
    public void Absence_shows_only_where_Go_has_a_pointer()
    {
        var pod = new Pod();
        Assert.Same(PodSpec.Empty, pod.Spec);
        Assert.Same(ObjectMeta.Empty, pod.Metadata);
        Assert.Equal("", pod.Spec.NodeName);
        Assert.Null(pod.Spec.SecurityContext);
        Assert.Null(pod.Spec.Priority);
        Assert.Null(pod.Metadata.CreationTimestamp);
        Assert.True(pod.Spec.Containers.IsAbsent);
    }

    [Fact]
    public void Constants_are_named_after_their_values()
    {
        Assert.Equal("Running", PodPhase.Running);
        Assert.Equal("TCP", Protocol.TCP);
        Assert.Equal("kubernetes.io/tls", SecretType.KubernetesIoTls);
        Assert.Equal("OnFailure", RestartPolicy.OnFailure);
    }

    [Fact]
    public void A_kind_is_its_types_and_not_stored()
    {
        Assert.Equal(new("apps", "v1", "Deployment"), Apps.V1.Deployment.ResourceKind);
        Assert.Equal(new("", "v1", "Status"), ((IKubernetesObject)Status.Empty).GroupVersionKind);
        Assert.Equal(new("meta.k8s.io", "v1", "Table"), Table.ResourceKind);
        Assert.IsType<IListObject>(new PodList(), exactMatch: false);
        IMetadataObject pod = new Pod();
        Assert.Equal("a", pod.WithMetadata(new() { Name = "a" }).Metadata.Name);
    }

    [Fact]
    public void A_kind_without_a_group_is_found_in_every_group()
    {
        Assert.Same(DeleteOptions.Codec, CodecTable.Find(new("apps", "v1", "DeleteOptions")));
        Assert.Same(DeleteOptions.Codec, CodecTable.Find(new("", "v1", "DeleteOptions")));
        Assert.Null(CodecTable.Find(new("apps", "v1", "Pod")));
    }
}
