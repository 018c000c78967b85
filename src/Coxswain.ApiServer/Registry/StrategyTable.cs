using Coxswain.Api;
using Coxswain.ApiServer.Registry.Apps;
using Coxswain.ApiServer.Registry.Batch;
using Coxswain.ApiServer.Registry.Core;
using Coxswain.Client;

namespace Coxswain.ApiServer.Registry;

/// <summary>What some strategies need besides the objects that they judge.</summary>
public sealed record StrategyDependencies
{
    public required IClusterView Cluster { get; init; }

    /// <summary>Writes what goes with an object (the address of a service). Called only while requests are served.</summary>
    public required IApiClient Api { get; init; }

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
            new NodePortPool(PortRange.Parse(d.ServiceNodePortRange)), d.Api);
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
        };
    }

    /// <summary>The rules for a resource. Never null.</summary>
    public Strategy For(ResourceDescriptor descriptor) =>
        strategies.GetValueOrDefault(new GroupResource(descriptor.Kind.Group, descriptor.Plural), GenericStrategy.Instance);

    public void Dispose() => services.Dispose();
}
