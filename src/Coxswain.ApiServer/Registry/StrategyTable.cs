using Coxswain.Api;
using Coxswain.ApiServer.Registry.AdmissionRegistration;
using Coxswain.ApiServer.Registry.ApiExtensions;
using Coxswain.ApiServer.Registry.ApiRegistration;
using Coxswain.ApiServer.Registry.Apps;
using Coxswain.ApiServer.Registry.Autoscaling;
using Coxswain.ApiServer.Registry.Batch;
using Coxswain.ApiServer.Registry.Certificates;
using Coxswain.ApiServer.Registry.Coordination;
using Coxswain.ApiServer.Registry.Core;
using Coxswain.ApiServer.Registry.Discovery;
using Coxswain.ApiServer.Registry.FlowControl;
using Coxswain.ApiServer.Registry.Networking;
using Coxswain.ApiServer.Registry.Nodes;
using Coxswain.ApiServer.Registry.Policy;
using Coxswain.ApiServer.Registry.Rbac;
using Coxswain.ApiServer.Registry.Resource;
using Coxswain.ApiServer.Registry.Scheduling;
using Coxswain.ApiServer.Registry.Storage;
using Coxswain.Client;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Registry;

/// <summary>What some strategies need besides the objects that they judge.</summary>
public sealed record StrategyDependencies
{
    public required IClusterView Cluster { get; init; }

    /// <summary>Writes what goes with an object (the address of a service). Called only while requests are served.</summary>
    public required IApiClient Api { get; init; }

    /// <summary>What servers share besides objects (which node ports are taken).</summary>
    public required IStore Store { get; init; }

    /// <summary>As --service-cluster-ip-range: one range per family, the default family first.</summary>
    public string ServiceClusterIPRange { get; init; } = "10.96.0.0/16";

    /// <summary>As --service-node-port-range.</summary>
    public string ServiceNodePortRange { get; init; } = "30000-32767";
}

/// <summary>Which rules hold for which kind: one line per kind with rules of its own; the rest gets <see cref="GenericStrategy"/>.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class StrategyTable : IDisposable
{
    private readonly ServiceAllocator services;
    private readonly Dictionary<GroupResource, Strategy> strategies;

    /// <exception cref="FormatException">A range is none.</exception>
    public StrategyTable(StrategyDependencies d)
    {
        services = new ServiceAllocator(
            new ServiceAddressPool(ServiceAddressPool.ParseRanges(d.ServiceClusterIPRange), d.Cluster, d.Api),
            PortRange.Parse(d.ServiceNodePortRange), d.Store, d.Api);
        strategies = new()
        {
            [new("", "configmaps")] = new ConfigMapStrategy(),
            [new("", "endpoints")] = new EndpointsStrategy(),
            [new("", "events")] = new EventStrategy(),
            [new("", "limitranges")] = new LimitRangeStrategy(),
            [new("", "namespaces")] = new NamespaceStrategy(),
            [new("", "nodes")] = new NodeStrategy(),
            [new("", "persistentvolumeclaims")] = new PersistentVolumeClaimStrategy(),
            [new("", "persistentvolumes")] = new PersistentVolumeStrategy(),
            [new("", "pods")] = new PodStrategy(),
            [new("", "podtemplates")] = new PodTemplateStrategy(),
            [new("", "replicationcontrollers")] = new ReplicationControllerStrategy(),
            [new("", "resourcequotas")] = new ResourceQuotaStrategy(),
            [new("", "secrets")] = new SecretStrategy(),
            [new("", "serviceaccounts")] = new ServiceAccountStrategy(),
            [new("", "services")] = new ServiceStrategy(services),
            [new("apps", "controllerrevisions")] = new ControllerRevisionStrategy(),
            [new("apps", "daemonsets")] = new DaemonSetStrategy(),
            [new("apps", "deployments")] = new DeploymentStrategy(),
            [new("apps", "replicasets")] = new ReplicaSetStrategy(),
            [new("apps", "statefulsets")] = new StatefulSetStrategy(),
            [new("batch", "cronjobs")] = new CronJobStrategy(),
            [new("batch", "jobs")] = new JobStrategy(),
            [new("admissionregistration.k8s.io", "mutatingadmissionpolicies")] = new MutatingAdmissionPolicyStrategy(),
            [new("admissionregistration.k8s.io", "mutatingadmissionpolicybindings")] = new MutatingAdmissionPolicyBindingStrategy(),
            [new("admissionregistration.k8s.io", "mutatingwebhookconfigurations")] = new MutatingWebhookConfigurationStrategy(),
            [new("admissionregistration.k8s.io", "validatingadmissionpolicies")] = new ValidatingAdmissionPolicyStrategy(),
            [new("admissionregistration.k8s.io", "validatingadmissionpolicybindings")] = new ValidatingAdmissionPolicyBindingStrategy(),
            [new("admissionregistration.k8s.io", "validatingwebhookconfigurations")] = new ValidatingWebhookConfigurationStrategy(),
            [new("apiextensions.k8s.io", "customresourcedefinitions")] = new CustomResourceDefinitionStrategy(),
            [new("apiregistration.k8s.io", "apiservices")] = new APIServiceStrategy(),
            [new("autoscaling", "horizontalpodautoscalers")] = new HorizontalPodAutoscalerStrategy(),
            [new("certificates.k8s.io", "certificatesigningrequests")] = new CertificateSigningRequestStrategy(),
            [new("coordination.k8s.io", "leases")] = new LeaseStrategy(),
            [new("discovery.k8s.io", "endpointslices")] = new EndpointSliceStrategy(),
            [new("events.k8s.io", "events")] = new EventStrategy(),
            [new("flowcontrol.apiserver.k8s.io", "flowschemas")] = new FlowSchemaStrategy(),
            [new("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations")] = new PriorityLevelConfigurationStrategy(),
            [new("networking.k8s.io", "ingressclasses")] = new IngressClassStrategy(),
            [new("networking.k8s.io", "ingresses")] = new IngressStrategy(),
            [new("networking.k8s.io", "ipaddresses")] = new IPAddressStrategy(),
            [new("networking.k8s.io", "networkpolicies")] = new NetworkPolicyStrategy(),
            [new("networking.k8s.io", "servicecidrs")] = new ServiceCIDRStrategy(),
            [new("node.k8s.io", "runtimeclasses")] = new RuntimeClassStrategy(),
            [new("policy", "poddisruptionbudgets")] = new PodDisruptionBudgetStrategy(),
            [new("rbac.authorization.k8s.io", "clusterrolebindings")] = new ClusterRoleBindingStrategy(),
            [new("rbac.authorization.k8s.io", "clusterroles")] = new ClusterRoleStrategy(),
            [new("rbac.authorization.k8s.io", "rolebindings")] = new RoleBindingStrategy(),
            [new("rbac.authorization.k8s.io", "roles")] = new RoleStrategy(),
            [new("resource.k8s.io", "deviceclasses")] = new DeviceClassStrategy(),
            [new("resource.k8s.io", "resourceclaims")] = new ResourceClaimStrategy(d.Cluster),
            [new("resource.k8s.io", "resourceclaimtemplates")] = new ResourceClaimTemplateStrategy(d.Cluster),
            [new("resource.k8s.io", "resourceslices")] = new ResourceSliceStrategy(),
            [new("scheduling.k8s.io", "priorityclasses")] = new PriorityClassStrategy(),
            [new("storage.k8s.io", "csidrivers")] = new CSIDriverStrategy(),
            [new("storage.k8s.io", "csinodes")] = new CSINodeStrategy(),
            [new("storage.k8s.io", "csistoragecapacities")] = new CSIStorageCapacityStrategy(),
            [new("storage.k8s.io", "storageclasses")] = new StorageClassStrategy(),
            [new("storage.k8s.io", "volumeattachments")] = new VolumeAttachmentStrategy(),
            [new("storage.k8s.io", "volumeattributesclasses")] = new VolumeAttributesClassStrategy(),
        };
    }

    /// <summary>The rules for a resource. Never null.</summary>
    public Strategy For(ResourceDescriptor descriptor)
    {
        var rules = strategies.GetValueOrDefault(descriptor.Resource.GroupResource, GenericStrategy.Instance);
        return ConversionTable.Find(descriptor) is { } conversion ? new ConvertingStrategy(rules, conversion) : rules;
    }

    /// <inheritdoc cref="ServiceAllocator.RepairAsync"/>
    internal Task RepairServicesAsync(CancellationToken cancellation) => services.RepairAsync(cancellation);

    public void Dispose() => services.Dispose();
}
