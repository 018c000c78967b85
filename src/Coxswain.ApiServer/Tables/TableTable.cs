using Coxswain.Api;
using Coxswain.ApiServer.Tables.Admission;
using Coxswain.ApiServer.Tables.Apps;
using Coxswain.ApiServer.Tables.Autoscaling;
using Coxswain.ApiServer.Tables.Batch;
using Coxswain.ApiServer.Tables.Core;
using Coxswain.ApiServer.Tables.Networking;
using Coxswain.ApiServer.Tables.Policy;
using Coxswain.ApiServer.Tables.Rbac;
using Coxswain.ApiServer.Tables.Storage;

namespace Coxswain.ApiServer.Tables;

/// <summary>Which columns each resource has. A table is made on first use.</summary>
internal static class TableTable
{
    private static readonly Lazy<TableColumns> Generic = new(() => TableColumns.For<IMetadataObject>()
        .Name()
        .Add("Created At", o => o.Metadata.CreationTimestamp is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'") : TableText.Unset,
            type: "date", description: "When the object was created.")
        .Build());

    public static TableColumns For(ResourceDescriptor descriptor) => For(descriptor.Resource.GroupResource, descriptor.Kind.Version);

    private static TableColumns For(GroupResource resource, string version) => (resource.Group, resource.Resource) switch
    {
        ("", "componentstatuses") => CoreColumns.ComponentStatuses,
        ("", "configmaps") => CoreColumns.ConfigMaps,
        ("", "endpoints") => ServiceColumns.Endpoints,
        ("", "events") => EventColumns.Core,
        ("", "namespaces") => CoreColumns.Namespaces,
        ("", "nodes") => NodeColumns.Nodes,
        ("", "persistentvolumeclaims") => VolumeColumns.Claims,
        ("", "persistentvolumes") => VolumeColumns.Volumes,
        ("", "pods") => PodColumns.Pods,
        ("", "podtemplates") => CoreColumns.PodTemplates,
        ("", "replicationcontrollers") => CoreColumns.ReplicationControllers,
        ("", "resourcequotas") => CoreColumns.ResourceQuotas,
        ("", "secrets") => CoreColumns.Secrets,
        ("", "serviceaccounts") => CoreColumns.ServiceAccounts,
        ("", "services") => ServiceColumns.Services,
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies") => AdmissionColumns.MutatingPolicies,
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings") => AdmissionColumns.MutatingPolicyBindings,
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations") => AdmissionColumns.MutatingWebhooks,
        ("admissionregistration.k8s.io", "validatingadmissionpolicies") => AdmissionColumns.ValidatingPolicies,
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings") => AdmissionColumns.ValidatingPolicyBindings,
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations") => AdmissionColumns.ValidatingWebhooks,
        ("apiregistration.k8s.io", "apiservices") => AdmissionColumns.ApiServices,
        ("apps", "controllerrevisions") => AppsColumns.ControllerRevisions,
        ("apps", "daemonsets") => AppsColumns.DaemonSets,
        ("apps", "deployments") => AppsColumns.Deployments,
        ("apps", "replicasets") => AppsColumns.ReplicaSets,
        ("apps", "statefulsets") => AppsColumns.StatefulSets,
        ("autoscaling", "horizontalpodautoscalers") => version == "v1" ? AutoscalerColumns.V1 : AutoscalerColumns.V2,
        ("batch", "cronjobs") => BatchColumns.CronJobs,
        ("batch", "jobs") => BatchColumns.Jobs,
        ("certificates.k8s.io", "certificatesigningrequests") => PolicyColumns.CertificateSigningRequests,
        ("coordination.k8s.io", "leases") => PolicyColumns.Leases,
        ("discovery.k8s.io", "endpointslices") => NetworkingColumns.EndpointSlices,
        ("events.k8s.io", "events") => EventColumns.Events,
        ("flowcontrol.apiserver.k8s.io", "flowschemas") => PolicyColumns.FlowSchemas,
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations") => PolicyColumns.PriorityLevels,
        ("networking.k8s.io", "ingressclasses") => NetworkingColumns.IngressClasses,
        ("networking.k8s.io", "ingresses") => NetworkingColumns.Ingresses,
        ("networking.k8s.io", "ipaddresses") => NetworkingColumns.IPAddresses,
        ("networking.k8s.io", "networkpolicies") => NetworkingColumns.NetworkPolicies,
        ("networking.k8s.io", "servicecidrs") => NetworkingColumns.ServiceCidrs,
        ("node.k8s.io", "runtimeclasses") => PolicyColumns.RuntimeClasses,
        ("policy", "poddisruptionbudgets") => PolicyColumns.PodDisruptionBudgets,
        ("rbac.authorization.k8s.io", "clusterrolebindings") => RbacColumns.ClusterRoleBindings,
        ("rbac.authorization.k8s.io", "rolebindings") => RbacColumns.RoleBindings,
        ("resource.k8s.io", "deviceclasses") => PolicyColumns.DeviceClasses,
        ("resource.k8s.io", "resourceclaims") => PolicyColumns.ResourceClaims,
        ("resource.k8s.io", "resourceclaimtemplates") => PolicyColumns.ResourceClaimTemplates,
        ("resource.k8s.io", "resourceslices") => PolicyColumns.ResourceSlices,
        ("scheduling.k8s.io", "priorityclasses") => PolicyColumns.PriorityClasses,
        ("storage.k8s.io", "csidrivers") => StorageColumns.CsiDrivers,
        ("storage.k8s.io", "csinodes") => StorageColumns.CsiNodes,
        ("storage.k8s.io", "csistoragecapacities") => StorageColumns.CsiStorageCapacities,
        ("storage.k8s.io", "storageclasses") => StorageColumns.StorageClasses,
        ("storage.k8s.io", "volumeattachments") => StorageColumns.VolumeAttachments,
        ("storage.k8s.io", "volumeattributesclasses") => StorageColumns.VolumeAttributesClasses,
        _ => Generic.Value,
    };
}
