using System.Collections.Frozen;
using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>Which groups and versions are served by others, and what is known of them.</summary>
/// <remarks>Safe for concurrent use. What is served is read from the cache of API services whenever it has changed.</remarks>
internal sealed class AggregatedApi(RegistryTable registries)
{
    private readonly Lock _gate = new();
    private FrozenDictionary<GroupVersion, AggregatedKnowledge> _knowledge = FrozenDictionary<GroupVersion, AggregatedKnowledge>.Empty;
    private State _state = new(null, AggregatedGroups.None);

    private ResourceRegistry Registry => registries.For<APIService>();

    /// <summary>What is served by others now. The same instance as long as nothing changes.</summary>
    public AggregatedGroups Current
    {
        get
        {
            var content = Registry.Cache.State;
            var state = Volatile.Read(ref _state);
            return ReferenceEquals(state.Content, content) ? state.Groups : Refresh(content);
        }
    }

    /// <summary>Whether it is known what is served by others.</summary>
    public bool IsReady => Registry.Cache.State is not null;

    /// <summary>Completes when it is known what is served by others.</summary>
    public ValueTask ReadyAsync(CancellationToken cancellation) => Registry.Cache.ReadyAsync(cancellation);

    /// <summary>Notes what a server has answered.</summary>
    public void Learn(GroupVersion version, Func<AggregatedKnowledge, AggregatedKnowledge> change)
    {
        lock (_gate)
        {
            var before = _knowledge.GetValueOrDefault(version, AggregatedKnowledge.None);
            var after = change(before);
            if (after == before)
                return;
            var known = new Dictionary<GroupVersion, AggregatedKnowledge>(_knowledge) { [version] = after };
            foreach (var gone in known.Keys.Where(v => _state.Groups.Find(v) is null && v != version).ToList())
                known.Remove(gone);
            _knowledge = known.ToFrozenDictionary();
            Volatile.Write(ref _state, new(null, _state.Groups));
        }
    }

    private AggregatedGroups Refresh(object? content)
    {
        lock (_gate)
        {
            // Everything after this line may be newer than what is noted, never older.
            var services = new Dictionary<GroupVersion, AggregatedService>();
            foreach (var cached in Registry.Cache.Snapshot().Range(Registry.KeyPrefix))
                if (cached.Object is APIService { Spec.Service: not null } service && service.Spec.Group.Length > 0)
                    services[new(service.Spec.Group, service.Spec.Version)] = new(service);
            var groups = services.Count == 0 ? AggregatedGroups.None : new AggregatedGroups(services.ToFrozenDictionary(), _knowledge);
            Volatile.Write(ref _state, new(content, groups));
            return groups;
        }
    }

    private sealed record State(object? Content, AggregatedGroups Groups);
}
