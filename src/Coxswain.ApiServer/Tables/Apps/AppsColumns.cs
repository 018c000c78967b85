using Coxswain.Api;
using Coxswain.Api.Apps.V1;

namespace Coxswain.ApiServer.Tables.Apps;

internal static class AppsColumns
{
    public static TableColumns ControllerRevisions { get; } = TableColumns.For<ControllerRevision>()
        .Name()
        .Add("Controller", Controller)
        .Add("Revision", o => o.Revision)
        .Age()
        .Build();

    public static TableColumns DaemonSets { get; } = TableColumns.For<DaemonSet>()
        .Name()
        .Integer("Desired", o => o.Status.DesiredNumberScheduled)
        .Integer("Current", o => o.Status.CurrentNumberScheduled)
        .Integer("Ready", o => o.Status.NumberReady)
        .Integer("Up-to-date", o => o.Status.UpdatedNumberScheduled)
        .Integer("Available", o => o.Status.NumberAvailable)
        .Add("Node Selector", o => TableText.Labels(o.Spec.Template.Spec.NodeSelector))
        .Age()
        .Containers(o => o.Spec.Template.Spec)
        .Wide("Selector", o => TableText.Selector(o.Spec.Selector))
        .Build();

    public static TableColumns Deployments { get; } = TableColumns.For<Deployment>()
        .Name()
        .Add("Ready", o => $"{o.Status.ReadyReplicas}/{o.Spec.Replicas ?? 0}", description: "Ready pods of those wanted.")
        .Add("Up-to-date", o => o.Status.UpdatedReplicas, description: "Pods of the newest template.")
        .Add("Available", o => o.Status.AvailableReplicas, description: "Pods that have been ready long enough.")
        .Age()
        .Containers(o => o.Spec.Template.Spec)
        .Wide("Selector", o => TableText.Selector(o.Spec.Selector))
        .Build();

    public static TableColumns ReplicaSets { get; } = TableColumns.For<ReplicaSet>()
        .Name()
        .Integer("Desired", o => o.Spec.Replicas ?? 0)
        .Integer("Current", o => o.Status.Replicas)
        .Integer("Ready", o => o.Status.ReadyReplicas)
        .Age()
        .Containers(o => o.Spec.Template.Spec)
        .Wide("Selector", o => TableText.Selector(o.Spec.Selector))
        .Build();

    public static TableColumns StatefulSets { get; } = TableColumns.For<StatefulSet>()
        .Name()
        .Add("Ready", o => $"{o.Status.ReadyReplicas}/{o.Spec.Replicas ?? 0}", description: "Ready pods of those wanted.")
        .Age()
        .Containers(o => o.Spec.Template.Spec)
        .Build();

    private static Cell Controller(ControllerRevision o)
    {
        if (o.Metadata.OwnerReferences.FirstOrDefault(owner => owner.Controller == true) is not { } controller)
            return TableText.None;
        var kind = controller.Kind.ToLowerInvariant();
        return GroupVersion.TryParse(controller.ApiVersion, out var version) && version.Group.Length > 0
            ? $"{kind}.{version.Group}/{controller.Name}"
            : $"{kind}/{controller.Name}";
    }
}
