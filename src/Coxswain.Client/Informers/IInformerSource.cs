using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Client;

/// <summary>Where an informer gets its objects from.</summary>
internal interface IInformerSource<T> where T : class, IMetadataObject
{
    string Description { get; }
    Task<ResourceList<T>> ListAsync(ListQuery query, CancellationToken cancellation);
    IAsyncEnumerable<WatchEvent<T>> WatchAsync(WatchQuery query, CancellationToken cancellation);
}

internal sealed class TypedSource<T>(IApiClient api, string ns, string fieldSelector, string labelSelector) : IInformerSource<T>
    where T : class, IResource<T>
{
    public string Description => T.Descriptor.Resource.ToString() + (fieldSelector.Length > 0 ? " where " + fieldSelector : "");

    public Task<ResourceList<T>> ListAsync(ListQuery query, CancellationToken cancellation) =>
        api.ListAsync<T>(query with { Namespace = ns, FieldSelector = fieldSelector, LabelSelector = labelSelector }, cancellation);

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync(WatchQuery query, CancellationToken cancellation) =>
        api.WatchAsync<T>(query with { Namespace = ns, FieldSelector = fieldSelector, LabelSelector = labelSelector }, cancellation);
}

internal sealed class PartialSource(IApiClient api, GroupVersionResource resource) : IInformerSource<PartialObjectMetadata>
{
    public string Description => resource + " (metadata)";

    public Task<ResourceList<PartialObjectMetadata>> ListAsync(ListQuery query, CancellationToken cancellation) =>
        api.ListPartialAsync(resource, query, cancellation);

    public IAsyncEnumerable<WatchEvent<PartialObjectMetadata>> WatchAsync(WatchQuery query, CancellationToken cancellation) =>
        api.WatchPartialAsync(resource, query, cancellation);
}
