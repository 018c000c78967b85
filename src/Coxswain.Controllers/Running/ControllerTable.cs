using Coxswain.Api.Apps.V1;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Certificates.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Storage.V1;
using static Coxswain.Controllers.ControllerEntry;
using ResourceClaim = Coxswain.Api.Resource.V1.ResourceClaim;

namespace Coxswain.Controllers;

/// <summary>Every controller of the house. The rules in the table make the role of its identity, so permission and need cannot drift apart.</summary>
internal static class ControllerTable
{
    public static IReadOnlyList<ControllerEntry> All { get; } =
    [
        new("namespace-controller", "namespace-controller",
            [Allow("", "namespaces", "get list watch delete"), Allow("", "namespaces/finalize namespaces/status", "update"),
                Allow("*", "*", "get list delete deletecollection")],
            [Wake.Self<Namespace>(), NamespaceController.WhenPodsEnd], NamespaceController.Make) { Workers = 10 },

        new("serviceaccount-controller", "service-account-controller", [Allow("", "serviceaccounts", "create"), Events],
            [Wake.Self<Namespace>(), Wake.Via<ServiceAccount>(ServiceAccountController.NamespaceOf)], ServiceAccountController.Make) { Workers = 1 },

        new("root-ca-certificate-publisher-controller", "root-ca-cert-publisher", [Allow("", "configmaps", "create update"), Events],
            [Wake.Self<Namespace>(), RootCACertPublisher.WhenMapChanges], RootCACertPublisher.Make) { Workers = 1 },

        new("deployment-controller", "deployment-controller",
            [Allow("apps", "deployments", "get list watch update"), Allow("apps", "deployments/status deployments/finalizers", "update"),
                Allow("apps", "replicasets", "get list watch create update patch delete"), Allow("", "pods", "get list watch update"), Events],
            [Wake.Self<Deployment>(), Wake.Owner<ReplicaSet, Deployment>(), Wake.Via<ReplicaSet>(DeploymentController.WouldAdopt),
                Wake.Via<Pod>(DeploymentController.WaitsForEndOf, gather: true)], DeploymentController.Make),

        new("replicaset-controller", "replicaset-controller",
            [Allow("apps", "replicasets", "get list watch update"), Allow("apps", "replicasets/status replicasets/finalizers", "update"),
                Allow("", "pods", "list watch create delete patch"), Events],
            [Wake.Self<ReplicaSet>(), Wake.Owner<Pod, ReplicaSet>(), Wake.Via<Pod>(ReplicaSetController.WouldAdopt)], ReplicaSetController.Make),

        new("daemonset-controller", "daemon-set-controller",
            [Allow("apps", "daemonsets", "get list watch"), Allow("apps", "daemonsets/status daemonsets/finalizers", "update"),
                Allow("", "nodes", "list watch"), Allow("", "pods", "list watch create delete patch"), Allow("", "pods/binding", "create"),
                Allow("apps", "controllerrevisions", "get list watch create update patch delete"), Events],
            [Wake.Self<DaemonSet>(), Wake.Owner<Pod, DaemonSet>(), Wake.Via<Pod>(DaemonSetController.WouldAdopt), DaemonSetController.WhenNodesChange],
            DaemonSetController.Make) { Workers = 2 },

        new("statefulset-controller", "statefulset-controller",
            [Allow("apps", "statefulsets", "get list watch"), Allow("apps", "statefulsets/status statefulsets/finalizers", "update"),
                Allow("", "pods", "get list watch create update patch delete"),
                Allow("apps", "controllerrevisions", "get list watch create update patch delete"),
                Allow("", "persistentvolumeclaims", "get list watch create update patch delete"), Events],
            [Wake.Self<StatefulSet>(), Wake.Owner<Pod, StatefulSet>(), Wake.Via<Pod>(StatefulSetController.WouldAdopt)], StatefulSetController.Make),

        new("replicationcontroller-controller", "replication-controller",
            [Allow("", "replicationcontrollers", "get list watch update"),
                Allow("", "replicationcontrollers/status replicationcontrollers/finalizers", "update"),
                Allow("", "pods", "list watch create delete patch"), Events],
            [Wake.Self<ReplicationController>(), Wake.Owner<Pod, ReplicationController>(), Wake.Via<Pod>(ReplicationControllerController.WouldAdopt)],
            ReplicationControllerController.Make),

        new("endpointslice-controller", "endpointslice-controller",
            [Allow("", "services pods nodes", "get list watch"), Allow("", "services/finalizers", "update"),
                Allow("discovery.k8s.io", "endpointslices", "get list watch create update delete"), Events],
            [Wake.Self<Service>(), ServicePods.WhenPodsChange, Wake.Via<EndpointSlice>(EndpointSliceController.ServiceOf)],
            EndpointSliceController.Make),

        new("endpoints-controller", "endpoint-controller",
            [Allow("", "services pods", "get list watch"), Allow("", "endpoints", "get list create update delete"),
                Allow("", "endpoints/restricted", "create"), Events],
            [Wake.Self<Service>(), ServicePods.WhenPodsChange, Wake.Via<Endpoints>(EndpointsController.ServiceOf)], EndpointsController.Make),

        new("garbage-collector-controller", "generic-garbage-collector",
            [Allow("*", "*", "get list watch update patch delete"), Events], [], GarbageCollectorController.Make) { Workers = 20 },

        new("node-lifecycle-controller", "node-controller",
            [Allow("", "nodes", "get list watch update patch delete"), Allow("", "nodes/status pods/status", "update patch"),
                Allow("", "pods", "list watch delete"), Allow("coordination.k8s.io", "leases", "get list watch"), Events],
            [Wake.Self<Node>()], NodeLifecycleController.Make) { Workers = 8 },

        new("taint-eviction-controller", "node-controller", [],
            [TaintEvictionController.WhenTaintsOrTolerationsChange], TaintEvictionController.Make) { Workers = 8 },

        new("node-ipam-controller", "node-controller", [], [Wake.Self<Node>()], NodeIpamController.Make) { Workers = 1 },

        new("pod-garbage-collector-controller", "pod-garbage-collector",
            [Allow("", "pods", "list watch delete"), Allow("", "nodes", "get list"), Allow("", "pods/status", "update patch")],
            [PodGCController.AtStart], PodGCController.Make) { Workers = 1 },

        new("clusterrole-aggregation-controller", "clusterrole-aggregation-controller",
            [Allow("rbac.authorization.k8s.io", "clusterroles", "escalate get list watch update patch")],
            [Wake.Self<ClusterRole>(), Wake.Via<ClusterRole>(ClusterRoleAggregationController.Aggregated, gather: true)],
            ClusterRoleAggregationController.Make),

        new("disruption-controller", "disruption-controller",
            [Allow("policy", "poddisruptionbudgets", "get list watch"), Allow("policy", "poddisruptionbudgets/status", "update"),
                Allow("apps", "deployments replicasets statefulsets", "get list watch"), Allow("", "replicationcontrollers pods", "get list watch"),
                Allow("*", "*/scale", "get"), Events],
            [Wake.Self<PodDisruptionBudget>(), Wake.Via<Pod>(DisruptionController.BudgetsOf, gather: true)], DisruptionController.Make),

        new("horizontal-pod-autoscaler-controller", "horizontal-pod-autoscaler",
            [Allow("autoscaling", "horizontalpodautoscalers", "get list watch"), Allow("autoscaling", "horizontalpodautoscalers/status", "update"),
                Allow("*", "*/scale", "get update"), Allow("", "pods", "list"), Allow("metrics.k8s.io", "pods", "list"),
                Allow("custom.metrics.k8s.io external.metrics.k8s.io", "*", "get list"), Events],
            [HorizontalPodAutoscalerController.WhenWishesChange], HorizontalPodAutoscalerController.Make),

        new("resourcequota-controller", "resourcequota-controller",
            [Allow("*", "*", "list watch"), Allow("", "resourcequotas/status", "update"), Events],
            [ResourceQuotaController.WhenLimitsChange, ResourceQuotaController.WhenUsageFalls<Pod>(), ResourceQuotaController.WhenUsageFalls<Service>(),
                ResourceQuotaController.WhenUsageFalls<PersistentVolumeClaim>()], ResourceQuotaController.Make),

        new("persistentvolumeclaim-protection-controller", "pvc-protection-controller",
            [Allow("", "persistentvolumeclaims", "get list watch update"), Allow("", "pods", "get list watch"), Events],
            [Wake.Self<PersistentVolumeClaim>(), Wake.Via<Pod>(PvcProtectionController.FreedBy, gather: true)], PvcProtectionController.Make),

        new("persistentvolume-protection-controller", "pv-protection-controller", [Allow("", "persistentvolumes", "get list watch update"), Events],
            [Wake.Self<PersistentVolume>()], PvProtectionController.Make),

        new("persistentvolume-binder-controller", "persistent-volume-binder",
            [Allow("", "persistentvolumes", "get list watch create update delete"), Allow("", "persistentvolumes/status persistentvolumeclaims/status", "update"),
                Allow("", "persistentvolumeclaims", "get list watch update"), Allow("storage.k8s.io", "storageclasses", "get list watch"),
                Allow("", "pods", "get list watch"), Events],
            [Wake.Self<PersistentVolumeClaim>(), Wake.Self<PersistentVolume>(), Wake.Via<PersistentVolumeClaim>(PersistentVolumeBinder.VolumeOf),
                Wake.Via<PersistentVolume>(PersistentVolumeBinder.ClaimsOf), Wake.Via<StorageClass>(PersistentVolumeBinder.ClaimsOf)],
            PersistentVolumeBinder.Make),

        new("persistentvolume-attach-detach-controller", "attachdetach-controller",
            [Allow("", "persistentvolumes persistentvolumeclaims nodes pods", "get list watch"), Allow("", "nodes/status", "update patch"),
                Allow("storage.k8s.io", "volumeattachments", "get list watch create delete"), Allow("storage.k8s.io", "csidrivers csinodes", "get list watch"),
                Events],
            [AttachDetachController.WhenPodsChange, AttachDetachController.WhenNodesChange, Wake.Via<VolumeAttachment>(AttachDetachController.NodesOf),
                Wake.Via<PersistentVolumeClaim>(AttachDetachController.NodesOf)], AttachDetachController.Make) { Workers = 10 },

        new("persistentvolume-expander-controller", "expand-controller",
            [Allow("", "persistentvolumes persistentvolumeclaims", "get list watch update patch"), Allow("", "persistentvolumeclaims/status", "update patch"), Events],
            [VolumeExpandController.WhenMoreIsAskedFor], VolumeExpandController.Make) { Workers = 1 },

        new("ephemeral-volume-controller", "ephemeral-volume-controller",
            [Allow("", "pods", "get list watch"), Allow("", "pods/finalizers", "update"), Allow("", "persistentvolumeclaims", "get list watch create"), Events],
            [Wake.Via<Pod>(EphemeralVolumeController.NeedsClaims), Wake.Via<PersistentVolumeClaim>(EphemeralVolumeController.UsersOf)],
            EphemeralVolumeController.Make),

        new("volumeattributesclass-protection-controller", "volumeattributesclass-protection-controller",
            [Allow("storage.k8s.io", "volumeattributesclasses", "get list watch update patch"),
                Allow("", "persistentvolumeclaims persistentvolumes", "get list watch"), Events],
            [Wake.Self<VolumeAttributesClass>(), Wake.Via<PersistentVolumeClaim>(VacProtectionController.NamedBy, gather: true),
                Wake.Via<PersistentVolume>(VacProtectionController.NamedBy, gather: true)], VacProtectionController.Make) { Workers = 1 },

        new("certificatesigningrequest-signing-controller", "certificate-controller",
            [Allow("certificates.k8s.io", "certificatesigningrequests", "get list watch delete"),
                Allow("certificates.k8s.io", "certificatesigningrequests/approval certificatesigningrequests/status", "update"),
                Allow("certificates.k8s.io", "signers", "approve", CertificateSigner.KubeletClientSigner),
                Allow("certificates.k8s.io", "signers", "sign",
                    $"{CertificateSigner.ClientSigner} {CertificateSigner.KubeletClientSigner} {CertificateSigner.KubeletServingSigner}"),
                Allow("authorization.k8s.io", "subjectaccessreviews", "create"), Events],
            [Wake.Self<CertificateSigningRequest>()], CertificateSigningController.Make),

        new("certificatesigningrequest-approving-controller", "certificate-controller", [],
            [Wake.Self<CertificateSigningRequest>()], CertificateApprovingController.Make),

        new("certificatesigningrequest-cleaner-controller", "certificate-controller", [],
            [Wake.Self<CertificateSigningRequest>()], CertificateCleaner.Make) { Workers = 1 },

        new("bootstrap-signer-controller", "bootstrap-signer",
            [Allow("", "configmaps", "update", "cluster-info"), Events],
            [BootstrapSigner.WhenEitherChanges], BootstrapSigner.Make) { Workers = 1 },

        new("token-cleaner-controller", "token-cleaner", [Allow("", "secrets", "delete"), Events],
            [TokenCleaner.WhenTokensChange], TokenCleaner.Make) { Workers = 1 },

        new("serviceaccount-token-controller", "tokens-controller",
            [Allow("", "secrets", "update delete"), Allow("", "serviceaccounts", "get"), Allow("", "serviceaccounts/token", "create")],
            [ServiceAccountTokenController.WhenSecretsChange, Wake.Via<ServiceAccount>(ServiceAccountTokenController.SecretsOf)], ServiceAccountTokenController.Make),

        new("ttl-controller", "ttl-controller", [Allow("", "nodes", "list watch update patch"), Events],
            [TtlController.WhenNodesComeAndGo], TtlController.Make),

        new("service-cidr-controller", "service-cidrs-controller",
            [Allow("networking.k8s.io", "servicecidrs", "get list watch patch update"), Allow("networking.k8s.io", "servicecidrs/finalizers servicecidrs/status", "patch update"),
                Allow("networking.k8s.io", "ipaddresses", "get list watch"), Events],
            [Wake.Self<ServiceCIDR>(), Wake.Via<ServiceCIDR>(ServiceCidrController.Ending), Wake.Via<IPAddress>(ServiceCidrController.Ending, gather: true)],
            ServiceCidrController.Make),

        new("endpointslice-mirroring-controller", "endpointslicemirroring-controller",
            [Allow("", "endpoints services", "get list watch"), Allow("", "services/finalizers endpoints/finalizers", "update"),
                Allow("discovery.k8s.io", "endpointslices", "get list watch create update delete"), Events],
            [Wake.Self<Endpoints>(), Wake.Self<Service>(), Wake.Via<EndpointSlice>(EndpointSliceMirroringController.EndpointsOf)],
            EndpointSliceMirroringController.Make),

        new("resourceclaim-controller", "resource-claim-controller",
            [Allow("", "pods", "get list watch"), Allow("", "pods/finalizers pods/status", "update patch"),
                Allow("resource.k8s.io", "resourceclaims", "get list watch create delete update patch"), Allow("resource.k8s.io", "resourceclaimtemplates", "get list watch"),
                Allow("resource.k8s.io", "resourceclaims/status", "update patch"), Allow("resource.k8s.io", "resourceclaims/binding", "update patch"), Events],
            [Wake.Via<Pod>(ResourceClaimController.PodAndClaims), Wake.Via<ResourceClaim>(ResourceClaimController.ClaimAndPod),
                Wake.Via<ResourceClaimTemplate>(ResourceClaimController.PodsOf)], ResourceClaimController.Make) { Workers = 10 },

        new("job-controller", "job-controller",
            [Allow("batch", "jobs", "get list watch update patch"), Allow("batch", "jobs/status jobs/finalizers", "update"),
                Allow("", "pods", "list watch create delete patch"), Events],
            [Wake.Self<Job>(), Wake.Owner<Pod, Job>(), Wake.Via<Pod>(JobController.StraysAndAdopters)], JobController.Make),

        new("cronjob-controller", "cronjob-controller",
            [Allow("batch", "cronjobs", "get list watch update"), Allow("batch", "cronjobs/status cronjobs/finalizers", "update"),
                Allow("batch", "jobs", "get list watch create update patch delete"), Allow("", "pods", "list delete"), Events],
            [Wake.Self<CronJob>(), Wake.Owner<Job, CronJob>()], CronJobController.Make),

        new("ttl-after-finished-controller", "ttl-after-finished-controller", [Allow("batch", "jobs", "get list watch delete"), Events],
            [Wake.Self<Job>()], TtlAfterFinishedController.Make),
    ];
}
