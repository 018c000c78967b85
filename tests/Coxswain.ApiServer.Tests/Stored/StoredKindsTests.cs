using System.Text;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Tests.OpenApi;

namespace Coxswain.ApiServer.Tests.Stored;

/// <summary>Where each kind lies and as what: what an upstream server of v1.36 looks for.</summary>
/// <remarks>Source: kubernetes/kubernetes, test/integration/etcd/data.go (ExpectedEtcdPath, ExpectedGVK) and
/// pkg/kubeapiserver/default_storage_factory_builder.go (SpecialDefaultResourcePrefixes, overrides) at v1.36.</remarks>
public sealed class StoredKindsTests
{
    /// <summary>Key, and the version as which upstream stores it.</summary>
    private const string Upstream =
        """
        /registry/configmaps/NS/ v1 ConfigMap
        /registry/services/endpoints/NS/ v1 Endpoints
        /registry/events/NS/ v1 Event
        /registry/limitranges/NS/ v1 LimitRange
        /registry/namespaces/ v1 Namespace
        /registry/minions/ v1 Node
        /registry/persistentvolumeclaims/NS/ v1 PersistentVolumeClaim
        /registry/persistentvolumes/ v1 PersistentVolume
        /registry/pods/NS/ v1 Pod
        /registry/podtemplates/NS/ v1 PodTemplate
        /registry/controllers/NS/ v1 ReplicationController
        /registry/resourcequotas/NS/ v1 ResourceQuota
        /registry/secrets/NS/ v1 Secret
        /registry/serviceaccounts/NS/ v1 ServiceAccount
        /registry/services/specs/NS/ v1 Service
        /registry/mutatingadmissionpolicies/ admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy
        /registry/mutatingadmissionpolicybindings/ admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding
        /registry/mutatingwebhookconfigurations/ admissionregistration.k8s.io/v1 MutatingWebhookConfiguration
        /registry/validatingadmissionpolicies/ admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy
        /registry/validatingadmissionpolicybindings/ admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding
        /registry/validatingwebhookconfigurations/ admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration
        /registry/apiextensions.k8s.io/customresourcedefinitions/ apiextensions.k8s.io/v1 CustomResourceDefinition
        /registry/apiregistration.k8s.io/apiservices/ apiregistration.k8s.io/v1 APIService
        /registry/controllerrevisions/NS/ apps/v1 ControllerRevision
        /registry/daemonsets/NS/ apps/v1 DaemonSet
        /registry/deployments/NS/ apps/v1 Deployment
        /registry/replicasets/NS/ apps/v1 ReplicaSet
        /registry/statefulsets/NS/ apps/v1 StatefulSet
        /registry/horizontalpodautoscalers/NS/ autoscaling/v2 HorizontalPodAutoscaler
        /registry/cronjobs/NS/ batch/v1 CronJob
        /registry/jobs/NS/ batch/v1 Job
        /registry/certificatesigningrequests/ certificates.k8s.io/v1 CertificateSigningRequest
        /registry/leases/NS/ coordination.k8s.io/v1 Lease
        /registry/endpointslices/NS/ discovery.k8s.io/v1 EndpointSlice
        /registry/flowschemas/ flowcontrol.apiserver.k8s.io/v1 FlowSchema
        /registry/prioritylevelconfigurations/ flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration
        /registry/ingressclasses/ networking.k8s.io/v1 IngressClass
        /registry/ingress/NS/ networking.k8s.io/v1 Ingress
        /registry/ipaddresses/ networking.k8s.io/v1 IPAddress
        /registry/networkpolicies/NS/ networking.k8s.io/v1 NetworkPolicy
        /registry/servicecidrs/ networking.k8s.io/v1 ServiceCIDR
        /registry/runtimeclasses/ node.k8s.io/v1 RuntimeClass
        /registry/poddisruptionbudgets/NS/ policy/v1 PodDisruptionBudget
        /registry/clusterrolebindings/ rbac.authorization.k8s.io/v1 ClusterRoleBinding
        /registry/clusterroles/ rbac.authorization.k8s.io/v1 ClusterRole
        /registry/rolebindings/NS/ rbac.authorization.k8s.io/v1 RoleBinding
        /registry/roles/NS/ rbac.authorization.k8s.io/v1 Role
        /registry/deviceclasses/ resource.k8s.io/v1 DeviceClass
        /registry/resourceclaims/NS/ resource.k8s.io/v1 ResourceClaim
        /registry/resourceclaimtemplates/NS/ resource.k8s.io/v1 ResourceClaimTemplate
        /registry/resourceslices/ resource.k8s.io/v1 ResourceSlice
        /registry/priorityclasses/ scheduling.k8s.io/v1 PriorityClass
        /registry/csidrivers/ storage.k8s.io/v1 CSIDriver
        /registry/csinodes/ storage.k8s.io/v1 CSINode
        /registry/csistoragecapacities/NS/ storage.k8s.io/v1 CSIStorageCapacity
        /registry/storageclasses/ storage.k8s.io/v1 StorageClass
        /registry/volumeattachments/ storage.k8s.io/v1 VolumeAttachment
        /registry/volumeattributesclasses/ storage.k8s.io/v1 VolumeAttributesClass
        """;

    // Upstream writes definitions as v1beta1 (its text is shorter) and reads both; we write v1. Everything else is written alike.

    [Fact]
    public void Every_kind_lies_where_upstream_looks_for_it_and_as_what_it_writes()
    {
        var lines = ResourceTable.All.Where(descriptor => descriptor.HasVerb("create") && descriptor.HasVerb("get")).Select(descriptor =>
        {
            var form = StoredForms.For(descriptor);
            return $"{form.Descriptor.StorageKeyPrefix}{(descriptor.Namespaced ? "NS/" : "")} {form.StoredKind.ApiVersion} {form.StoredKind.Kind}";
        });

        Assert.Equal(Upstream.Split('\n').Order(StringComparer.Ordinal), lines.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Stored_bytes_say_what_they_are_and_carry_no_revision()
    {
        foreach (var descriptor in ResourceTable.All.Where(d => d.HasVerb("create") && d.HasVerb("get")))
        {
            var form = StoredForms.For(descriptor);
            var value = form.Blank(new() { Name = "a", Namespace = descriptor.Namespaced ? "n" : "", ResourceVersion = "7", Uid = "u" });

            var stored = form.Encode(value);

            Assert.StartsWith($"{{\"kind\":\"{form.StoredKind.Kind}\",\"apiVersion\":\"{form.StoredKind.ApiVersion}\",\"metadata\":{{\"name\":\"a\",", Encoding.UTF8.GetString(stored), StringComparison.Ordinal);
            Assert.DoesNotContain("resourceVersion", Encoding.UTF8.GetString(stored), StringComparison.Ordinal);
            Assert.DoesNotContain("selfLink", Encoding.UTF8.GetString(stored), StringComparison.Ordinal);
            Assert.True(form.IsCurrent(stored));
            Assert.Equal(form.Blank(value.Metadata with { ResourceVersion = "" }), form.Decode(stored));
            Assert.Equal(descriptor.Kind, form.Decode(stored).GroupVersionKind);
        }
    }

    /// <summary>Versions that are read as if they were the stored one have the same structs, by JSON names, types and protobuf numbers.</summary>
    [Fact]
    public void Versions_that_are_read_as_they_are_have_the_same_shape()
    {
        var compared = 0;
        foreach (var descriptor in ResourceTable.All)
        {
            // The facts know no older version of API services.
            if (descriptor.Kind.Kind == "APIService")
                continue;
            foreach (var version in StoredVersions.SameShapeOf(descriptor.Kind))
            {
                Compare(Definition(descriptor.Kind), Definition(descriptor.Kind with { Version = version }), []);
                compared++;
            }
        }

        Assert.Equal(45, compared);
    }

    private static string Definition(GroupVersionKind kind) => Facts.Types.Keys.Single(name =>
        name.EndsWith($".{kind.Version}.{kind.Kind}", StringComparison.Ordinal) && Facts.Types[name].TryGetProperty("kind", out _) && GroupOf(name) == kind.Group);

    private static string GroupOf(string definition)
    {
        foreach (var package in JsonDocument.Parse(typeof(StoredKindsTests).Assembly.GetManifestResourceStream("types.json")!).RootElement.GetProperty("packages").EnumerateArray())
            foreach (var type in package.GetProperty("types").EnumerateArray())
                if (type.GetProperty("def").GetString() == definition)
                    return package.TryGetProperty("group", out var group) ? group.GetString()! : "";
        return "";
    }

    private static void Compare(string one, string other, HashSet<string> seen)
    {
        if (one == other || !seen.Add(one))
            return;
        static string Shape(JsonElement field) =>
            $"{Facts.Text(field, "json")} {(field.TryGetProperty("pb", out var number) ? number.GetInt32() : 0)} {Facts.Text(field, "wire")} {Facts.Text(field, "label")} {Last(Facts.Text(field, "type"))}";
        static string Last(string type) => type[(type.LastIndexOf('.') + 1)..];
        var (left, right) = (Facts.Types[one].GetProperty("fields").EnumerateArray().ToList(), Facts.Types[other].GetProperty("fields").EnumerateArray().ToList());
        Assert.Equal(left.Select(Shape).Order(StringComparer.Ordinal), right.Select(Shape).Order(StringComparer.Ordinal));
        foreach (var field in left)
        {
            var twin = right.Single(f => Facts.Text(f, "json") == Facts.Text(field, "json"));
            if (Facts.StructOf(Facts.Text(field, "type")) is { } below && Facts.StructOf(Facts.Text(twin, "type")) is { } beside)
                Compare(below, beside, seen);
        }
    }
}
