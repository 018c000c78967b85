using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Deletes a stored object: at once, after its grace period, or when its finalizers are gone.</summary>
internal sealed class ObjectDeleter(AdmissionChain admission)
{
    private const int Attempts = 100;

    /// <param name="Gone">The object is no longer stored; otherwise it is marked and waits.</param>
    public readonly record struct Outcome(CachedObject Object, bool Gone);

    /// <param name="admits">False: admission has had its say already, of the eviction.</param>
    /// <exception cref="ApiException">404, 409 of a precondition, or a refusal.</exception>
    public async Task<Outcome> DeleteAsync(
        ResourceScope scope, ApiRequest request, string @namespace, string name, DeleteOptions options, CancellationToken cancellation, bool admits = true)
    {
        if (options.GracePeriodSeconds < 0)
            options = options with { GracePeriodSeconds = 1 };
        var dryRun = DeleteRules.IsDryRun(options);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var live = await scope.Registry.GetAsync(@namespace, name, cancellation);
            var context = scope.StrategyContext(request, dryRun);
            DeleteRules.CheckPreconditions(scope.Registry, live.Object, options);
            var admissionContext = scope.AdmissionContext(request, AdmissionOperation.Delete, name, dryRun, live.Object, options);
            if (admits)
            {
                await admission.MutateAsync(admissionContext, null, cancellation);
                await admission.ValidateAsync(admissionContext, null, cancellation);
            }

            var marked = Mark(scope.Registry, context, live.Object, options, out var gone);
            if (gone && marked is not null)
            {
                // What could have had a grace period is marked before it goes, and watchers see both.
                if (dryRun)
                    return new(scope.Registry.Unwritten(marked, live.Revision), Gone: true);
                if (await scope.Registry.WriteAsync(marked, live.Revision, cancellation) is not { } last)
                    continue;
                await RemoveMarkedAsync(scope.Registry, last, cancellation);
                await scope.Registry.Strategy.AfterDeleteAsync(context, last.Object, CancellationToken.None);
                return new(last, Gone: true);
            }

            if (gone)
            {
                var removed = dryRun ? live : await scope.Registry.RemoveAsync(live, cancellation);
                if (removed is null)
                    continue;
                if (!dryRun)
                    await scope.Registry.Strategy.AfterDeleteAsync(context, live.Object, CancellationToken.None);
                return new(live, Gone: true);
            }

            if (marked is null)
                return new(live, Gone: false);
            if (dryRun)
                return new(scope.Registry.Unwritten(marked, live.Revision), Gone: false);
            if (await scope.Registry.WriteAsync(marked, live.Revision, cancellation) is { } written)
                return new(written, Gone: false);
        }

        throw new ApiException(Statuses.Conflict(scope.Registry.GroupResource, name));
    }

    /// <summary>Removes an object that is marked as gone, whatever others made of it meanwhile, or finds that somebody else has.</summary>
    private static async Task RemoveMarkedAsync(ResourceRegistry registry, CachedObject marked, CancellationToken cancellation)
    {
        for (CachedObject? current = marked; current is not null && current.Object.Metadata.Uid == marked.Object.Metadata.Uid;)
        {
            if (await registry.RemoveAsync(current, cancellation) is not null)
                return;
            current = await registry.FindAsync(marked.Object.Metadata.Namespace, marked.Object.Metadata.Name, cancellation);
        }
    }

    /// <summary>What the deletion makes of the object: null if it changes nothing.</summary>
    /// <param name="gone">It can go at once, after it was written once more if anything changed.</param>
    private static IMetadataObject? Mark(
        ResourceRegistry registry, StrategyContext context, IMetadataObject live, DeleteOptions options, out bool gone)
    {
        gone = false;
        var metadata = live.Metadata;
        var period = registry.Strategy.GracePeriod(context, live, options.GracePeriodSeconds);
        if (metadata.DeletionTimestamp is { } due && period is not null && metadata.DeletionGracePeriodSeconds is { } granted)
        {
            // It is being deleted already: the time can only be made shorter.
            if (options.GracePeriodSeconds is not { } asked || Math.Max(0, period.Value) >= granted)
                return null;
            period = Math.Min(asked, granted);
            metadata = metadata with
            {
                DeletionTimestamp = due.AddSeconds(period.Value - granted),
                DeletionGracePeriodSeconds = period,
                Finalizers = Finalizers(registry, metadata, options),
            };
            gone = period == 0 && metadata.Finalizers.Count == 0;
            return live.WithMetadata(metadata);
        }

        var finalizers = Finalizers(registry, metadata, options);
        var held = finalizers.Count > 0 || registry.Strategy.HoldsDeletion(live);
        if (period is > 0 && metadata.DeletionTimestamp is null)
        {
            return live.WithMetadata(metadata with
            {
                DeletionTimestamp = context.Now.AddSeconds(period.Value),
                DeletionGracePeriodSeconds = period,
                Finalizers = finalizers,
                Generation = metadata.Generation > 0 ? metadata.Generation + 1 : 0,
            });
        }

        if (!held)
        {
            gone = true;
            return period is null || metadata.DeletionTimestamp is not null
                ? null
                : live.WithMetadata(metadata with
                {
                    DeletionTimestamp = context.Now,
                    DeletionGracePeriodSeconds = 0,
                    Generation = metadata.Generation > 0 ? metadata.Generation + 1 : 0,
                });
        }

        if (metadata.DeletionTimestamp is not null && finalizers == metadata.Finalizers)
            return null;
        var marked = live.WithMetadata(metadata with
        {
            DeletionTimestamp = metadata.DeletionTimestamp ?? context.Now,
            // Namespaces keep no grace period: what they hold decides.
            DeletionGracePeriodSeconds = registry.Descriptor.Plural == "namespaces" ? metadata.DeletionGracePeriodSeconds : 0,
            Finalizers = finalizers,
            Generation = metadata.DeletionTimestamp is null && metadata.Generation > 0 ? metadata.Generation + 1 : metadata.Generation,
        });
        return registry.Strategy.OnDeletionRequested(context, marked);
    }

    private static ApiList<string> Finalizers(ResourceRegistry registry, ObjectMeta metadata, DeleteOptions options) =>
        registry.Descriptor.Plural == "events"
            ? metadata.Finalizers
            : DeleteRules.GarbageFinalizers(metadata, options, OrphansByDefault(registry.Descriptor));

    /// <summary>These kinds are older than the garbage collector: their dependents stay unless the client says otherwise.</summary>
    private static bool OrphansByDefault(ResourceDescriptor descriptor) =>
        (descriptor.Kind.Group, descriptor.Plural) is ("", "replicationcontrollers") or ("batch", "jobs");
}
