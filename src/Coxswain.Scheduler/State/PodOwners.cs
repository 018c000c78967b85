using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Selectors;

namespace Coxswain.Scheduler;

/// <summary>Services and sets, by which pods that belong together are known when their spec does not say how to spread them. Only under the
/// state's gate.</summary>
public sealed class PodOwners
{
    private readonly Dictionary<string, Dictionary<string, Service>> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Kind, NamespacedName Name), Selector> _sets = [];

    public void Set(Service service)
    {
        if (!_services.TryGetValue(service.Metadata.Namespace, out var services))
            _services[service.Metadata.Namespace] = services = new(StringComparer.Ordinal);
        services[service.Metadata.Name] = service;
    }

    public void Remove(Service service)
    {
        if (_services.TryGetValue(service.Metadata.Namespace, out var services) && services.Remove(service.Metadata.Name) && services.Count == 0)
            _services.Remove(service.Metadata.Namespace);
    }

    public void Set(ReplicaSet set) => _sets[("ReplicaSet", Name(set))] = Selector.From(set.Spec.Selector);

    public void Set(StatefulSet set) => _sets[("StatefulSet", Name(set))] = Selector.From(set.Spec.Selector);

    public void Set(ReplicationController set) => _sets[("ReplicationController", Name(set))] = Selector.FromLabels(set.Spec.Selector);

    public void Remove(string kind, NamespacedName name) => _sets.Remove((kind, name));

    /// <summary>What the services that select the pod and the set that made it ask for, all together; null: nothing does.</summary>
    public Selector? SelectorFor(Pod pod)
    {
        List<LabelRequirement>? requirements = null;
        if (_services.TryGetValue(pod.Metadata.Namespace, out var services))
        {
            foreach (var service in services.Values)
            {
                if (service.Spec.Selector.Count > 0 && Selector.FromLabels(service.Spec.Selector) is var selector && selector.Matches(pod.Metadata.Labels))
                    (requirements ??= []).AddRange(selector.Requirements);
            }
        }

        foreach (var owner in pod.Metadata.OwnerReferences)
        {
            if (owner.Controller == true && _sets.TryGetValue((owner.Kind, new(pod.Metadata.Namespace, owner.Name)), out var selector))
                (requirements ??= []).AddRange(selector.Requirements);
        }

        return requirements is null or { Count: 0 } ? null : Selector.FromRequirements(requirements);
    }

    private static NamespacedName Name(IMetadataObject o) => new(o.Metadata.Namespace, o.Metadata.Name);
}
