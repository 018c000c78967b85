using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Which resource an owner reference's kind is served as, by the last discovery.</summary>
internal sealed class ServedKinds
{
    private readonly Dictionary<(string Group, string Kind), ServedResource> _byKind = [];

    public ServedKinds(IReadOnlyList<ServedResource> served)
    {
        // A resource is watched in one version, the preferred: all versions show the same objects.
        Watched = [.. served.Where(r => r.Supports("list") && r.Supports("watch") && r.Supports("delete") && r.Resource.Resource != "events")
            .DistinctBy(r => r.Resource.GroupResource)];
        foreach (var resource in served)
            _byKind.TryAdd((resource.Resource.Group, resource.Kind), resource);
    }

    /// <summary>What the garbage collector follows. Events own nothing and are owned by nobody.</summary>
    public IReadOnlyList<ServedResource> Watched { get; }

    public ServedResource? Find(OwnerReference reference) => _byKind.GetValueOrDefault((Owners.GroupOf(reference), reference.Kind));
}
