using Coxswain.Api;
using Coxswain.Api.Autoscaling.V1;
using Coxswain.Client;
using CrossVersionObjectReference = Coxswain.Api.Autoscaling.V2.CrossVersionObjectReference;

namespace Coxswain.Controllers;

/// <summary>What an autoscaler scales: an object of any kind that has a scale.</summary>
internal sealed class ScaleTarget(IApiClient api, IReadOnlyList<ServedResource> served, GroupVersionResource resource, Scale scale, Selector selector)
{
    /// <summary>Replicas that are wanted, and that there are.</summary>
    public int Spec => scale.Spec.Replicas;
    public int Status => scale.Status.Replicas;
    public string Namespace => scale.Metadata.Namespace;
    public string SelectorText => scale.Status.Selector;
    public Selector Selector => selector;

    public ScaleTarget WithSelector(Selector parsed) => new(api, served, resource, scale, parsed);

    public Task ScaleAsync(int replicas, CancellationToken cancellation) =>
        api.UpdateSubresourceAsync(resource, new(scale.Metadata.Namespace, scale.Metadata.Name), "scale", scale with { Spec = scale.Spec with { Replicas = replicas } }, cancellation);

    /// <summary>The resource of a kind as the paths of custom metrics name it.</summary>
    public (string Resource, bool Namespaced) ResourceOf(CrossVersionObjectReference described)
    {
        var group = GroupVersion.TryParse(described.ApiVersion, out var version) ? version.Group : "";
        var found = served.FirstOrDefault(r => r.Kind == described.Kind && r.Resource.Group == group && !r.Resource.Resource.Contains('/'))
            ?? throw new MetricException($"unable to get metric: no matches for kind \"{described.Kind}\" in group \"{group}\"");
        return (found.Resource.Group.Length == 0 ? found.Resource.Resource : $"{found.Resource.Resource}.{found.Resource.Group}", found.Namespaced);
    }

    /// <summary>Reads the scale of an object. Of several versions of its kind any will do.</summary>
    /// <exception cref="ApiException">There is no such object, or it has no scale.</exception>
    /// <exception cref="MetricException">There is no such kind.</exception>
    public static async Task<ScaleTarget> ReadAsync(IApiClient api, IReadOnlyList<ServedResource> served, CrossVersionObjectReference reference, string ns,
        CancellationToken cancellation)
    {
        var group = "";
        if (reference.ApiVersion.Length > 0)
        {
            if (!GroupVersion.TryParse(reference.ApiVersion, out var version))
                throw new MetricException($"unexpected GroupVersion string: {reference.ApiVersion}");
            group = version.Group;
        }
        var found = served.FirstOrDefault(r => r.Kind == reference.Kind && r.Resource.Group == group && r.Namespaced)
            ?? throw new MetricException($"no matches for kind \"{reference.Kind}\" in group \"{group}\"");
        var name = new NamespacedName(ns, reference.Name);
        var scale = await api.GetSubresourceAsync<Scale>(found.Resource, name, "scale", cancellation).ConfigureAwait(false);
        return new(api, served, found.Resource, scale with { Metadata = scale.Metadata with { Namespace = ns, Name = reference.Name } }, Selector.Nothing);
    }
}
