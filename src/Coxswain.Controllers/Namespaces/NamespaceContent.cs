using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Deletes what is in a namespace and reports what is left.</summary>
internal sealed class NamespaceContent(IApiClient api, string ns)
{
    private static readonly DeleteOptions Background = new() { PropagationPolicy = DeletionPropagation.Background };

    private readonly NamespaceReport _report = new();

    /// <summary>Pods first: they may need the rest (secrets, policies, services) until they have ended.</summary>
    public async Task<NamespaceReport> DeleteAllAsync(CancellationToken cancellation)
    {
        IReadOnlyList<ServedResource> served;
        try
        {
            served = await api.ServerResourcesAsync(cancellation).ConfigureAwait(false);
        }
        catch (ApiException refused)
        {
            _report.DiscoveryFailure = refused.Message;
            _report.Failures.Add(refused.Message);
            return _report;
        }
        if (served is PartialDiscovery partial)
        {
            // What is known goes; the namespace stays, as there may be more in it.
            _report.DiscoveryFailure = partial.Message;
            _report.Failures.Add(partial.Message);
        }

        var resources = served.Where(r => r.Namespaced && r.Supports("delete") && r.Supports("list"))
            .DistinctBy(r => r.Resource.GroupResource)      // versions show the same objects
            .ToList();
        foreach (var pods in resources.Where(IsPods))
            await DeleteAsync(pods, cancellation).ConfigureAwait(false);
        if (_report.Remaining.Count > 0)
            return _report;
        await Task.WhenAll(resources.Where(r => !IsPods(r)).Select(r => DeleteAsync(r, cancellation))).ConfigureAwait(false);
        return _report;
    }

    private static bool IsPods(ServedResource r) => r.Resource is { Group: "", Resource: "pods" };

    private async Task DeleteAsync(ServedResource resource, CancellationToken cancellation)
    {
        try
        {
            var query = new ListQuery { Namespace = ns };
            var there = await api.ListPartialAsync(resource.Resource, query, cancellation).ConfigureAwait(false);
            if (there.Items.Count == 0)
                return;
            if (there.Items.Any(o => o.Metadata.DeletionTimestamp is null))
            {
                if (resource.Supports("deletecollection"))
                    await api.DeleteCollectionPartialAsync(resource.Resource, query, Background, cancellation).ConfigureAwait(false);
                else
                    await DeleteEachAsync(resource.Resource, there.Items, cancellation).ConfigureAwait(false);
                there = await api.ListPartialAsync(resource.Resource, query, cancellation).ConfigureAwait(false);
            }
            if (there.Items.Count > 0)
                _report.Add(resource.Resource, there.Items);
        }
        catch (ApiException gone) when (gone.Code is 404 or 405)
        {
            // The kind has gone since discovery, and its objects with it.
        }
        catch (ApiException refused)
        {
            _report.Fail(resource.Resource, refused.Message);
        }
    }

    private async Task DeleteEachAsync(GroupVersionResource resource, IReadOnlyList<PartialObjectMetadata> items, CancellationToken cancellation)
    {
        foreach (var item in items)
        {
            try
            {
                await api.DeletePartialAsync(resource, item.FullName(), Background, cancellation).ConfigureAwait(false);
            }
            catch (ApiException gone) when (gone.Code == 404)
            {
                continue;
            }
        }
    }
}
