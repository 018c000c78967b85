using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Volumes, claims, and the classes of both.</summary>
public sealed class StorageRulesTests
{
    private const string Csi = """,csi:{"driver":"d.io","volumeHandle":"h"}""";

    private static string Volume(string spec) =>
        """{"metadata":{"name":"v"},"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"}""" + spec + "}}";

    private static string Claim(string spec) =>
        """{"metadata":{"name":"v"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"2Gi"}}""" + spec + "}}";

    [Theory]
    [InlineData(""","hostPath":{"path":"/a"},"volumeAttributesClassName":"" """,
        "spec.volumeAttributesClassName: Required value: an empty string is disallowed",
        "spec.csi: Required value: has to be specified when using volumeAttributesClassName")]
    [InlineData(""","cephfs":{}""", "spec.cephfs.monitors: Required value")]
    public void What_a_volume_may_not_say(string spec, params string[] causes) => Assert.Equal(causes, Rules.Causes<PersistentVolume>(Volume(spec)));

    [Fact]
    public void What_may_change_in_a_volume()
    {
        var old = Rules.Create<PersistentVolume>(Volume(Csi.Replace(",csi", ",\"csi\"", StringComparison.Ordinal)
            + ""","volumeAttributesClassName":"gold","nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"failure-domain.beta.kubernetes.io/zone","operator":"In","values":["a"]}]}]}}"""));
        Assert.Empty(Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { Csi = o.Spec.Csi! with { ControllerExpandSecretRef = new() { Name = "s" } } } }));
        Assert.StartsWith("spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
            Assert.Single(Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { Csi = o.Spec.Csi! with { NodeExpandSecretRef = new() { Name = "s" } } } })), StringComparison.Ordinal);
        Assert.Empty(Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { NodeAffinity = Zone("topology.kubernetes.io/zone", "a") } }));
        Assert.EndsWith("field is immutable, except for updating from beta label to GA",
            Assert.Single(Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { NodeAffinity = Zone("topology.kubernetes.io/zone", "b") } })), StringComparison.Ordinal);
        Assert.Equal(["spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden"],
            Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { VolumeAttributesClassName = null } }));

        static VolumeNodeAffinity Zone(string label, string zone) => new()
        {
            Required = new() { NodeSelectorTerms = [new() { MatchExpressions = [new() { Key = label, Operator = "In", Values = [zone] }] }] },
        };
    }

    [Fact]
    public void Warnings_of_volumes() => Assert.Equal(
        [
            "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead",
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
            "spec.rbd: deprecated in v1.28, non-functional in v1.31+",
            "spec.capacity[storage]: fractional byte value \"1500m\" is invalid, must be an integer",
        ],
        Rules.Warnings<PersistentVolume>("""{"metadata":{"name":"v","annotations":{"volume.beta.kubernetes.io/storage-class":"a"}},"spec":{"persistentVolumeReclaimPolicy":"Recycle","rbd":{},"capacity":{"storage":"1500m"}}}"""));

    [Theory]
    [InlineData(""","dataSourceRef":{"kind":"Book","name":"b"}""",
        "spec.dataSource: Invalid value: \"Book\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
        "spec.dataSourceRef: Invalid value: \"Book\": must be 'PersistentVolumeClaim' when referencing the default apiGroup")]
    public void What_a_claim_may_not_say(string spec, params string[] causes) => Assert.Equal(causes, Rules.Causes<PersistentVolumeClaim>(Claim(spec)));

    [Fact]
    public void Both_fields_for_a_source_say_the_same()
    {
        var claim = Rules.Create<PersistentVolumeClaim>(Claim(""","dataSourceRef":{"apiGroup":"a.io","kind":"Book","name":"b","namespace":"other"}"""));
        Assert.Equal("b", claim.Spec.DataSource?.Name);
        Assert.Null(claim.Spec.DataSourceRef?.Namespace);
        Assert.Null(Rules.Create<PersistentVolumeClaim>(Claim(""","dataSource":{"apiGroup":"a.io","kind":"Book","name":"b"}""")).Spec.DataSourceRef);
    }

    [Fact]
    public void The_class_of_a_bound_claim_may_change_but_not_go_once_it_took_effect()
    {
        var old = Rules.Create<PersistentVolumeClaim>(Claim(""","volumeAttributesClassName":"gold" """));
        Assert.StartsWith("spec: Forbidden: spec is immutable", Assert.Single(Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { VolumeAttributesClassName = "iron" } })), StringComparison.Ordinal);
        old = old with { Status = old.Status with { Phase = "Bound", CurrentVolumeAttributesClassName = "gold", Capacity = [new("storage", Api.Quantity.Parse("1Gi"))] } };
        Assert.Empty(Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { VolumeAttributesClassName = "iron" } }));
        Assert.Equal(["spec.volumeAttributesClassName: Forbidden: update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil"],
            Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { VolumeAttributesClassName = "" } }));
        Assert.Equal(["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"], Rules.UpdateCauses(old, o => Sized(o, "1Gi")));
        Assert.Empty(Rules.UpdateCauses(old, o => Sized(o, "1100Mi")));

        static PersistentVolumeClaim Sized(PersistentVolumeClaim o, string size) =>
            o with { Spec = o.Spec with { Resources = new() { Requests = [new("storage", Api.Quantity.Parse(size))] } } };
    }

    [Fact]
    public void A_status_of_a_claim() => Assert.Equal(
        [
            "status.allocatedResourceStatus: Unsupported value: \"cpu\": supported values: \"storage\"",
            "status.allocatedResourceStatus: Unsupported value: \"cpu\": supported values: \"ControllerResizeInProgress\", \"ControllerResizeInfeasible\", \"NodeResizeInProgress\", \"NodeResizeInfeasible\", \"NodeResizePending\"",
        ],
        Rules.UpdateCauses(Rules.Create<PersistentVolumeClaim>(Claim("")), o => o with { Status = o.Status with { AllocatedResourceStatuses = [new("cpu", "x")] } }, "status"));

    [Fact]
    public void Topologies_of_a_class_are_each_other_s_only_once() => Assert.Equal(
        [
            "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"a\"",
            "allowedTopologies[2].matchLabelExpressions: Duplicate value: \"\"",
        ],
        Rules.Causes<StorageClass>("""
            {"metadata":{"name":"c"},"provisioner":"p.io","allowedTopologies":[
              {"matchLabelExpressions":[{"key":"a","values":["1"]},{"key":"a","values":["2"]}]},
              {"matchLabelExpressions":[{"key":"b","values":["1","2"]},{"key":"c","values":["1"]}]},
              {"matchLabelExpressions":[{"key":"c","values":["1"]},{"key":"b","values":["2","1"]}]}]}
            """));

    [Fact]
    public void Drivers_are_not_asked_too_often() => Assert.Contains(
        "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds",
        Rules.Causes<CSIDriver>("""{"metadata":{"name":"d.io"},"spec":{"nodeAllocatableUpdatePeriodSeconds":9}}"""));

    [Fact]
    public void Tokens_are_asked_for_before_they_are_hidden() => Assert.Contains(
        "spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified",
        Rules.Causes<CSIDriver>("""{"metadata":{"name":"d.io"},"spec":{"serviceAccountTokenInSecrets":true}}"""));
}
