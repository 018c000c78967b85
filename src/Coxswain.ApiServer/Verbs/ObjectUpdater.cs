using Coxswain.Api;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Changes a stored object, for PUT, PATCH, apply and subresources: reads, changes, writes if nobody else did meanwhile,
/// and otherwise begins again.</summary>
internal sealed class ObjectUpdater(AdmissionChain admission, RoleEscalationCheck escalation, ObjectCreator creator)
{
    /// <summary>A write that lost this often against others has a conflict that does not go away.</summary>
    private const int Attempts = 100;

    /// <summary>What an update wants.</summary>
    /// <param name="Change">From the live object (null: there is none) to the wanted one, decoded, defaulted and with its managed fields.
    /// May run several times.</param>
    /// <param name="MayCreate">A missing object is made (apply).</param>
    /// <param name="ExpectedUid">The uid that the live object must have; empty: any.</param>
    public sealed record Update(
        Func<CachedObject?, ValueTask<IMetadataObject>> Change, bool DryRun, bool MayCreate = false, string ExpectedUid = "", IKubernetesObject? Options = null)
    {
        /// <summary>What admission judges instead of the whole object: the part that a subresource shows. Null: the object.</summary>
        public AdmittedPart? Part { get; init; }

        /// <summary>What admission is shown as options where a missing object is made.</summary>
        public IKubernetesObject? CreateOptions { get; init; }
    }

    /// <summary>A part of an object with a kind of its own (its scale).</summary>
    /// <param name="Scope">The subresource.</param>
    /// <param name="Show">The part of an object.</param>
    /// <param name="Merge">The object with the part that admission left.</param>
    public sealed record AdmittedPart(
        ResourceScope Scope, Func<IMetadataObject, IMetadataObject> Show, Func<IMetadataObject, IMetadataObject, IMetadataObject> Merge);

    /// <returns>The object as stored, and whether it is new.</returns>
    /// <exception cref="ApiException">The change is refused.</exception>
    public async Task<(CachedObject Object, bool Created)> UpdateAsync(
        ResourceScope scope, ApiRequest request, Update update, CancellationToken cancellation)
    {
        var registry = scope.Registry;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var live = await registry.FindAsync(request.Namespace, request.Name, cancellation);
            if (live is null)
            {
                if (!update.MayCreate && (scope.Subresource is not null || !registry.Strategy.AllowCreateOnUpdate))
                    throw registry.NotFound(request.Name);
                if (update.ExpectedUid.Length > 0)
                    throw UidConflict(scope, request, update.ExpectedUid, "");
                var wanted = await update.Change(null);
                if (wanted.Metadata.Uid is { Length: > 0 } uid)
                    throw new ApiException(Statuses.Conflict(registry.GroupResource, request.Name,
                        $"uid mismatch: the provided object specified uid {uid}, and no existing object was found"));
                return (await creator.CreateAsync(scope, request, wanted, request.Name, update.DryRun, update.CreateOptions ?? update.Options, cancellation), true);
            }

            if (await TryUpdateAsync(scope, request, update, live, cancellation) is { } written)
                return (written, false);
        }

        throw new ApiException(Statuses.Conflict(registry.GroupResource, request.Name));
    }

    /// <returns>Null: somebody else was faster.</returns>
    private async Task<CachedObject?> TryUpdateAsync(
        ResourceScope scope, ApiRequest request, Update update, CachedObject live, CancellationToken cancellation)
    {
        var registry = scope.Registry;
        var strategy = scope.Strategy;
        var old = live.Object;
        if (update.ExpectedUid.Length > 0 && update.ExpectedUid != old.Metadata.Uid)
            throw UidConflict(scope, request, update.ExpectedUid, old.Metadata.Uid);

        var context = scope.StrategyContext(request, update.DryRun);
        var part = update.Part;
        var admissionContext = (part?.Scope ?? scope).AdmissionContext(
            request, AdmissionOperation.Update, request.Name, update.DryRun, part is null ? old : part.Show(old), update.Options);
        var updated = await update.Change(live);
        var admitted = (IMetadataObject)(await admission.MutateAsync(admissionContext, part is null ? updated : part.Show(updated), cancellation))!;
        updated = part is null ? admitted : part.Merge(updated, admitted);
        updated = CheckVersion(scope, strategy, updated, old);
        await escalation.CheckUpdateAsync(scope, request, updated, old, cancellation);

        var allocation = await strategy.AllocateAsync(context, updated, old, cancellation);
        CachedObject? written = null;
        try
        {
            updated = strategy.BeforeUpdate(context, allocation.Object, old);
            await admission.ValidateAsync(admissionContext, part is null ? updated : part.Show(updated), cancellation);
            strategy.Warn(context, updated, old, request.Warnings);

            if (IsGone(registry, updated, old))
            {
                written = update.DryRun || await registry.RemoveAsync(live, cancellation) is not null
                    ? registry.Unwritten(updated, live.Revision)
                    : null;
                if (written is not null && !update.DryRun)
                    await registry.Strategy.AfterDeleteAsync(context, updated, CancellationToken.None);
            }
            else if (FieldManagement.SameButTimes(registry, live, updated) && !await registry.IsStaleAsync(live, cancellation))
            {
                // Nothing changes, so nothing is written and the version stays; unless it would be stored in another form.
                written = live;
            }
            else
            {
                written = update.DryRun ? registry.Unwritten(updated, live.Revision) : await registry.WriteAsync(updated, live.Revision, cancellation);
            }
        }
        finally
        {
            if (written is null && allocation.Rollback is { } rollback)
                await rollback(CancellationToken.None);
        }

        if (written is not null && (update.DryRun ? allocation.Rollback : allocation.Commit) is { } finish)
            await finish(CancellationToken.None);
        return written;
    }

    /// <summary>The version that the client built upon must be the live one; without one, the live one is taken where the kind allows.</summary>
    private static IMetadataObject CheckVersion(ResourceScope scope, Strategy strategy, IMetadataObject updated, IMetadataObject old)
    {
        var asked = ResourceVersionText.ParseObject(updated.Metadata.ResourceVersion);
        if (asked == 0)
        {
            if (!strategy.AllowUnconditionalUpdate)
            {
                var errors = new FieldErrors();
                // Upstream prints the unsigned number in its language's syntax, and names the resource where others name the kind.
                errors.Invalid(new FieldPath("metadata").Child("resourceVersion"), RawJson.FromText("0x0"), "must be specified for an update");
                throw new ApiException(Statuses.Invalid(scope.Descriptor.Kind with { Kind = scope.Descriptor.Plural }, updated.Metadata.Name, errors));
            }

            return updated.WithMetadata(updated.Metadata with { ResourceVersion = old.Metadata.ResourceVersion });
        }

        return updated.Metadata.ResourceVersion == old.Metadata.ResourceVersion
            ? updated
            : throw new ApiException(Statuses.Conflict(scope.Registry.GroupResource, old.Metadata.Name));
    }

    /// <summary>An object whose deletion waited only for its finalizers goes with the last of them.</summary>
    private static bool IsGone(ResourceRegistry registry, IMetadataObject updated, IMetadataObject old) =>
        updated.Metadata.DeletionTimestamp is not null
        && updated.Metadata.Finalizers.Count == 0
        && old.Metadata.DeletionGracePeriodSeconds is null or 0
        && old.Metadata.DeletionTimestamp is not null
        && !registry.Strategy.HoldsDeletion(updated);

    private static ApiException UidConflict(ResourceScope scope, ApiRequest request, string expected, string actual) =>
        new(Statuses.Conflict(scope.Registry.GroupResource, request.Name,
            $"StorageError: invalid object, Code: 4, Key: {scope.Registry.Key(request.Namespace, request.Name)}, ResourceVersion: 0, "
            + $"AdditionalErrorMsg: Precondition failed: UID in precondition: {expected}, UID in object meta: {actual}"));
}
