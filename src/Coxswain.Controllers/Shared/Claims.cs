using Coxswain.Api;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps to one rule: a controller owns the children that its selector matches, and no others.</summary>
internal static class Claims
{
    /// <summary>The children of an owner: those it controls already and whose labels match, and orphans that match, which are adopted.
    /// Children whose labels no longer match are let go.</summary>
    /// <param name="canAdopt">Asks the server, once, whether the owner still lives; adoption must not follow a stale lister.</param>
    public static async Task<List<T>> ClaimAsync<T>(IApiClient api, Lister<T> lister, IMetadataObject owner, Selector selector,
        Func<CancellationToken, Task<bool>> canAdopt, CancellationToken cancellation) where T : class, IResource<T>
    {
        var claimed = new List<T>();
        foreach (var child in lister.ControlledBy(owner))
        {
            if (child.Metadata.Namespace != owner.Metadata.Namespace)
                continue;
            if (selector.Matches(child.Metadata.Labels))
                claimed.Add(child);
            else if (owner.Metadata.DeletionTimestamp is null)
                await ReleaseAsync(api, child, owner, cancellation).ConfigureAwait(false);
        }
        if (owner.Metadata.DeletionTimestamp is not null)
            return claimed;

        bool? allowed = null;
        foreach (var orphan in lister.Orphans(owner.Metadata.Namespace))
        {
            if (orphan.Metadata.DeletionTimestamp is not null || !selector.Matches(orphan.Metadata.Labels))
                continue;
            allowed ??= await canAdopt(cancellation).ConfigureAwait(false);
            if (allowed.Value && await AdoptAsync(api, orphan, owner, cancellation).ConfigureAwait(false) is { } adopted)
                claimed.Add(adopted);
        }
        return claimed;
    }

    private static async Task<T?> AdoptAsync<T>(IApiClient api, T orphan, IMetadataObject owner, CancellationToken cancellation)
        where T : class, IResource<T>
    {
        try
        {
            var references = orphan.Metadata.OwnerReferences.Add(Owners.Controller(owner));
            return await api.PatchAsync<T>(orphan.FullName(), MetadataPatch.OwnerReferences(orphan.Metadata, references), cancellation)
                .ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            return null;
        }
    }

    private static async Task ReleaseAsync<T>(IApiClient api, T child, IMetadataObject owner, CancellationToken cancellation)
        where T : class, IResource<T>
    {
        try
        {
            var references = child.Metadata.OwnerReferences.Where(r => r.Uid != owner.Metadata.Uid);
            await api.PatchAsync<T>(child.FullName(), MetadataPatch.OwnerReferences(child.Metadata, references), cancellation)
                .ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Nothing left to let go of.
        }
    }
}
