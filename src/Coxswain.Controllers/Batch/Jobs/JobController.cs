using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Runs pods until enough of them have succeeded.</summary>
/// <remarks>A finished pod is counted exactly once, even if it vanishes: it carries a finalizer until the status names it as counted.</remarks>
internal sealed class JobController(IApiClient api, Lister<Job> jobs, Informer<Pod> pods, PodExpectations expectations, PodControl control,
    EventRecorder events, TimeProvider clock) : IReconciler
{
    private const string Self = "kubernetes.io/job-controller";

    // No object has a slash in its name: these are pods that nobody counts any more but that still wait to be.
    private const string StrayPrefix = "pod/";

    public static IReconciler Make(ControllerContext c)
    {
        var pods = c.Informer<Pod>().IndexByController();
        var events = c.Events("job-controller");
        return new JobController(c.Api, c.Lister<Job>(), pods, new(pods, c.Clock), new(c.Api, events), events, c.Clock);
    }

    /// <summary>A tracked pod that has no controller wakes itself; any orphan wakes the Jobs that would adopt it.</summary>
    public static IEnumerable<NamespacedName> StraysAndAdopters(ControllerContext c, Pod pod)
    {
        if (Owners.ControllerOf(pod.Metadata) is not null)
            return [];
        var adopters = c.Lister<Job>().List(pod.Metadata.Namespace)
            .Where(j => j.Spec.Selector is not null && Selector.From(j.Spec.Selector).Matches(pod.Metadata.Labels)).Select(j => j.FullName());
        return JobPods.IsTracked(pod) ? adopters.Append(new(pod.Metadata.Namespace, StrayPrefix + pod.Metadata.Name)) : adopters;
    }

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (name.Name.StartsWith(StrayPrefix, StringComparison.Ordinal))
        {
            if (pods.Lister.Find(new(name.Namespace, name.Name[StrayPrefix.Length..])) is { } stray && Owners.ControllerOf(stray.Metadata) is null)
                await UntrackAsync([stray], cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        if (jobs.Find(name) is not { } job)
        {
            expectations.Forget(name);
            await UntrackOrphansAsync(name, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        if (job.Spec.ManagedBy is { } manager && manager != Self)
            return ReconcileResult.Done;
        if (JobFacts.IsFinished(job))
        {
            await UntrackAsync(pods.Lister.ControlledBy(job), cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        // Asked before the pods are read.
        var settled = expectations.AreMet(name);
        var claimed = await Claims.ClaimAsync(api, pods.Lister, job, Selector.From(job.Spec.Selector), c => LivesAsync(job, c), cancellation)
            .ConfigureAwait(false);
        return await new JobPass(api, control, expectations, events, clock, job, claimed, settled).RunAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The Job is gone: its pods are counted by nobody and must not wait for it.</summary>
    private async Task UntrackOrphansAsync(NamespacedName name, CancellationToken cancellation)
    {
        var left = pods.Lister.List(name.Namespace)
            .Where(p => JobPods.IsTracked(p) && Owners.ControllerOf(p.Metadata) is { Kind: "Job" } owner && owner.Name == name.Name).ToList();
        // The lister of Jobs may lag behind that of pods.
        if (left.Count > 0 && await api.FindAsync<Job>(name, cancellation).ConfigureAwait(false) is null)
            await UntrackAsync(left, cancellation).ConfigureAwait(false);
    }

    private async Task UntrackAsync(IEnumerable<Pod> tracked, CancellationToken cancellation)
    {
        foreach (var pod in tracked.Where(JobPods.IsTracked))
            await JobPass.UntrackAsync(api, pod, cancellation).ConfigureAwait(false);
    }

    private async Task<bool> LivesAsync(Job job, CancellationToken cancellation) =>
        await api.FindAsync<Job>(job.FullName(), cancellation).ConfigureAwait(false) is { } live
        && live.Metadata.Uid == job.Metadata.Uid && live.Metadata.DeletionTimestamp is null;
}
