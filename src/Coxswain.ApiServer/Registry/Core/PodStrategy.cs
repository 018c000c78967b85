using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of pods.</summary>
internal sealed class PodStrategy : Strategy<Pod>
{
    private static readonly string[] Selectable =
    [
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName", "spec.host",
    ];

    private readonly Strategy ephemeralContainers;
    private readonly Strategy resize;

    public PodStrategy()
    {
        ephemeralContainers = new UpdateDoor<Pod>(this, TakeEphemeralContainers, PodValidation.EphemeralContainers);
        resize = new UpdateDoor<Pod>(this, TakeResources, PodResizeValidation.Validate);
    }

    public override bool HasGeneration => true;

    public override IReadOnlyList<string> SelectableFields => Selectable;

    public override Strategy? Subresource(string name) => name switch
    {
        "ephemeralcontainers" => ephemeralContainers,
        "resize" => resize,
        _ => base.Subresource(name),
    };

    public override long? GracePeriod(StrategyContext c, IMetadataObject o, long? requested)
    {
        var pod = (Pod)o;
        var period = requested ?? pod.Spec.TerminationGracePeriodSeconds ?? 0;
        if (pod.Spec.NodeName.Length == 0 || pod.Status.Phase is "Failed" or "Succeeded")
            period = 0;
        return period < 0 ? 1 : period;
    }

    protected override Pod WithStatusOf(Pod o, Pod source) => o with { Status = source.Status };

    protected override Pod Default(Pod o) => PodDefaults.Pod(o);

    protected override Pod PrepareForCreate(StrategyContext c, Pod o)
    {
        var status = new PodStatus { Phase = "Pending", QosClass = PodQos.Compute(o.Spec) };
        if (o.Spec.SchedulingGates.Count > 0)
            status = status with
            {
                Conditions =
                [
                    new PodCondition
                    {
                        Type = "PodScheduled",
                        Status = "False",
                        Reason = "SchedulingGated",
                        Message = "Scheduling is blocked due to non-empty scheduling gates",
                    },
                ],
            };
        return o with
        {
            Metadata = o.Metadata with { Generation = 1 },
            // Ephemeral containers come through their subresource only.
            Spec = PodLabelKeys.Merge(o.Spec with { EphemeralContainers = default }, o.Metadata.Labels),
            Status = status,
        };
    }

    protected override void Validate(StrategyContext c, Pod o, FieldErrors errors) => PodValidation.Create(o, errors);

    protected override void ValidateUpdate(StrategyContext c, Pod updated, Pod old, FieldErrors errors) => PodValidation.Update(updated, old, errors);

    protected override Pod PrepareForStatusUpdate(StrategyContext c, Pod updated, Pod old)
    {
        // Old kubelets damage owner references.
        var metadata = updated.Metadata with { OwnerReferences = old.Metadata.OwnerReferences, DeletionTimestamp = null };
        var status = updated.Status.QosClass.Length == 0 ? updated.Status with { QosClass = old.Status.QosClass } : updated.Status;
        return old with { Metadata = metadata, Status = status };
    }

    protected override void ValidateStatus(StrategyContext c, Pod updated, Pod old, FieldErrors errors) => PodValidation.Status(updated, old, errors);

    protected override void Warn(StrategyContext c, Pod o, Pod? old, ICollection<string> warnings)
    {
        // Hardly a human changes pods.
        if (old is not null)
            return;
        NameWarnings.Hostname(o.Metadata.Name, "the Pod's hostname", warnings);
        PodWarnings.Add(o.Spec, o.Metadata.Annotations, null, warnings);
    }

    protected override string? SelectableField(Pod o, string field) => field switch
    {
        "spec.nodeName" or "spec.host" => o.Spec.NodeName,
        "spec.restartPolicy" => o.Spec.RestartPolicy,
        "spec.schedulerName" => o.Spec.SchedulerName,
        "spec.serviceAccountName" => o.Spec.ServiceAccountName,
        "spec.hostNetwork" => o.Spec.HostNetwork ? "true" : "false",
        "status.phase" => o.Status.Phase,
        "status.podIP" or "status.podIPs" => o.Status.PodIP,
        "status.nominatedNodeName" => o.Status.NominatedNodeName,
        _ => null,
    };

    private Pod TakeEphemeralContainers(Pod updated, Pod old) =>
        Bump(old with { Metadata = updated.Metadata, Spec = old.Spec with { EphemeralContainers = updated.Spec.EphemeralContainers } }, old);

    private Pod TakeResources(Pod updated, Pod old)
    {
        var spec = old.Spec with
        {
            Containers = WithResourcesOf(old.Spec.Containers, updated.Spec.Containers),
            InitContainers = WithResourcesOf(old.Spec.InitContainers, updated.Spec.InitContainers),
            Resources = updated.Spec.Resources,
        };
        return Bump(old with { Metadata = updated.Metadata, Spec = spec }, old);
    }

    private Pod Bump(Pod updated, Pod old) => SpecChanged(updated, old) ? WithGeneration(updated, old.Metadata.Generation + 1) : updated;

    private static ApiList<Container> WithResourcesOf(ApiList<Container> containers, ApiList<Container> source)
    {
        for (var i = 0; i < containers.Count; i++)
            foreach (var wanted in source)
                if (wanted.Name == containers[i].Name && (wanted.Resources != containers[i].Resources || wanted.ResizePolicy != containers[i].ResizePolicy))
                    containers = containers.SetItem(i, containers[i] with { Resources = wanted.Resources, ResizePolicy = wanted.ResizePolicy });
        return containers;
    }
}
