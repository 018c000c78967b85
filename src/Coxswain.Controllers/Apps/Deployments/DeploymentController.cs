using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Brings a Deployment's ReplicaSets to its template, by the strategy it asks for, and keeps history and status.</summary>
internal sealed class DeploymentController(IApiClient api, Lister<Deployment> deployments, Lister<ReplicaSet> sets, Lister<Pod> pods,
    EventRecorder events, TimeProvider clock) : IReconciler
{
    public static IReconciler Make(ControllerContext c) => new DeploymentController(c.Api, c.Lister<Deployment>(),
        c.Informer<ReplicaSet>().IndexByController().Lister, c.Informer<Pod>().IndexByController().Lister, c.Events("deployment-controller"), c.Clock);

    /// <summary>An orphaned ReplicaSet wakes the Deployments that would adopt it.</summary>
    public static IEnumerable<NamespacedName> WouldAdopt(ControllerContext c, ReplicaSet set) =>
        Owners.ControllerOf(set.Metadata) is not null || set.Metadata.Labels.Count == 0
            ? []
            : c.Lister<Deployment>().List(set.Metadata.Namespace)
                .Where(d => d.Spec.Selector is { } selector && Selector.From(selector).Matches(set.Metadata.Labels)).Select(d => d.FullName());

    /// <summary>With the Recreate strategy the end of old pods is what new ones wait for.</summary>
    public static IEnumerable<NamespacedName> WaitsForEndOf(ControllerContext c, Pod pod)
    {
        if (Owners.ControllerOf(pod.Metadata) is not { Kind: "ReplicaSet" } owner
            || c.Lister<ReplicaSet>().Find(new(pod.Metadata.Namespace, owner.Name)) is not { } set
            || Owners.ControllerOf(set.Metadata) is not { Kind: "Deployment" } deployment)
            return [];
        var name = new NamespacedName(pod.Metadata.Namespace, deployment.Name);
        return c.Lister<Deployment>().Find(name)?.Spec.Strategy.Type == DeploymentStrategyType.Recreate ? [name] : [];
    }

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (deployments.Find(name) is not { } deployment)
            return ReconcileResult.Done;
        if (Selector.From(deployment.Spec.Selector) is var selector && (selector.IsEverything || selector.IsNothing))
        {
            events.Warning(deployment, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
            return ReconcileResult.Done;
        }
        var own = await Claims.ClaimAsync(api, sets, deployment, selector, c => LivesAsync(deployment, c), cancellation).ConfigureAwait(false);
        var rollout = new Rollout(api, events, clock, deployment, own);

        if (deployment.Metadata.DeletionTimestamp is not null)
            return await rollout.SyncStatusAsync(cancellation).ConfigureAwait(false);
        if (deployment.Spec.Paused || rollout.IsScaling())
            return await rollout.ScaleAsync(cancellation).ConfigureAwait(false);
        return deployment.Spec.Strategy.Type == DeploymentStrategyType.Recreate
            ? await rollout.RecreateAsync(PodsOf, cancellation).ConfigureAwait(false)
            : await rollout.RollAsync(cancellation).ConfigureAwait(false);
    }

    private IReadOnlyList<Pod> PodsOf(ReplicaSet set) => pods.ControlledBy(set);

    private async Task<bool> LivesAsync(Deployment deployment, CancellationToken cancellation) =>
        await api.FindAsync<Deployment>(deployment.FullName(), cancellation).ConfigureAwait(false) is { } live
        && live.Metadata.Uid == deployment.Metadata.Uid && live.Metadata.DeletionTimestamp is null;
}
