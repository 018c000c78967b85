using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Deletes a finished Job when its time to live has passed.</summary>
internal sealed class TtlAfterFinishedController(IApiClient api, Lister<Job> jobs, TimeProvider clock) : IReconciler
{
    public static IReconciler Make(ControllerContext c) => new TtlAfterFinishedController(c.Api, c.Lister<Job>(), c.Clock);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (jobs.Find(name) is not { Metadata.DeletionTimestamp: null, Spec.TtlSecondsAfterFinished: { } ttl } job
            || JobFacts.FinishedAt(job) is not { } finished)
            return ReconcileResult.Done;
        var remaining = finished.AddSeconds(ttl) - clock.GetUtcNow();
        if (remaining > TimeSpan.Zero)
            return ReconcileResult.After(remaining);
        try
        {
            // The lister may lag: the preconditions keep us from deleting a newer Job of that name, or one that was given more time.
            await api.DeleteAsync<Job>(name, new()
            {
                PropagationPolicy = DeletionPropagation.Foreground,
                Preconditions = new() { Uid = job.Metadata.Uid, ResourceVersion = job.Metadata.ResourceVersion },
            }, cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Gone already.
        }
        return ReconcileResult.Done;
    }
}
