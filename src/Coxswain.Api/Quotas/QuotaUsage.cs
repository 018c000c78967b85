using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Quotas;

/// <summary>What objects use of the resources that quotas count.</summary>
public static class QuotaUsage
{
    private const string StorageSuffix = ".storageclass.storage.k8s.io/";

    /// <summary>What one object of a resource uses, by the names that quotas have for it.</summary>
    public static ApiMap<Quantity> Of(GroupResource resource, IKubernetesObject o)
    {
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var one = Quantity.FromValue(1);
        usage[$"count/{resource}"] = one;
        if (resource is { Group: "", Resource: "pods" or "services" or "replicationcontrollers" or "resourcequotas" or "secrets" or "configmaps"
            or "persistentvolumeclaims" })
            usage[resource.Resource] = one;
        switch (o)
        {
            case Pod pod:
                Pod(pod, usage);
                break;
            case Service service:
                var ports = service.Spec.Type == "NodePort" || (service.Spec.Type == "LoadBalancer" && service.Spec.AllocateLoadBalancerNodePorts != false)
                    ? service.Spec.Ports.Count
                    : 0;
                usage["services.nodeports"] = Quantity.FromValue(ports);
                usage["services.loadbalancers"] = Quantity.FromValue(service.Spec.Type == "LoadBalancer" ? 1 : 0);
                break;
            case PersistentVolumeClaim claim:
                var storage = claim.Spec.Resources.Requests.GetValueOrDefault("storage");
                usage["requests.storage"] = storage;
                if (!string.IsNullOrEmpty(claim.Spec.StorageClassName))
                {
                    usage[claim.Spec.StorageClassName + StorageSuffix + "requests.storage"] = storage;
                    usage[claim.Spec.StorageClassName + StorageSuffix + "persistentvolumeclaims"] = one;
                }

                break;
        }

        return usage.ToApiMap();
    }

    /// <summary>The difference, without what is zero.</summary>
    public static ApiMap<Quantity> Minus(ApiMap<Quantity> a, ApiMap<Quantity> b)
    {
        var result = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var (name, value) in a)
            if (value - b.GetValueOrDefault(name) is { IsZero: false } difference)
                result[name] = difference;
        foreach (var (name, value) in b)
            if (!a.ContainsKey(name) && !value.IsZero)
                result[name] = -value;
        return result.ToApiMap();
    }

    /// <summary>Whether the quota's scopes take the object in.</summary>
    public static bool Concerns(ResourceQuota quota, IKubernetesObject o)
    {
        foreach (var scope in quota.Spec.Scopes)
            if (!InScope(scope, "Exists", default, o))
                return false;
        if (quota.Spec.ScopeSelector is { } selector)
            foreach (var requirement in selector.MatchExpressions)
                if (!InScope(requirement.ScopeName, requirement.Operator, requirement.Values, o))
                    return false;
        return true;
    }

    /// <summary>What a pod leaves open and the quota counts: "limits.cpu for: a,b; requests.cpu for: a".</summary>
    public static string Missing(ResourceQuota quota, IKubernetesObject o)
    {
        if (o is not Pod pod)
            return "";
        var missing = new List<string>();
        foreach (var (name, _) in quota.Status.Hard.OrderBy(static entry => entry.Key, StringComparer.Ordinal))
        {
            var (resource, ofLimits) = name switch
            {
                "cpu" or "memory" => (name, false),
                "requests.cpu" or "requests.memory" => (name["requests.".Length..], false),
                "limits.cpu" or "limits.memory" => (name["limits.".Length..], true),
                _ => ("", false),
            };
            if (resource.Length == 0)
                continue;
            var names = new List<string>();
            foreach (var container in pod.Spec.Containers)
                if (!(ofLimits ? container.Resources.Limits : container.Resources.Requests).ContainsKey(resource))
                    names.Add(container.Name);
            foreach (var container in pod.Spec.InitContainers)
                if (!(ofLimits ? container.Resources.Limits : container.Resources.Requests).ContainsKey(resource))
                    names.Add(container.Name);
            if (names.Count > 0)
                missing.Add($"{name} for: {string.Join(',', names)}");
        }

        return string.Join("; ", missing);
    }

    private static void Pod(Pod pod, Dictionary<string, Quantity> usage)
    {
        foreach (var (name, value) in PodTotals.Of(pod.Spec, static r => r.Requests))
        {
            usage["requests." + name] = value;
            if (name is "cpu" or "memory" or "ephemeral-storage" || name.StartsWith("hugepages-", StringComparison.Ordinal))
                usage[name] = value;
        }

        foreach (var (name, value) in PodTotals.Of(pod.Spec, static r => r.Limits))
            usage["limits." + name] = value;
    }

    private static bool InScope(string scope, string @operator, ApiList<string> values, IKubernetesObject o)
    {
        if (scope == "VolumeAttributesClass")
            return o is PersistentVolumeClaim claim && Fulfils(@operator, values, claim.Spec.VolumeAttributesClassName ?? "");
        if (o is not Pod pod)
            return false;
        return scope switch
        {
            "Terminating" => pod.Spec.ActiveDeadlineSeconds is >= 0,
            "NotTerminating" => pod.Spec.ActiveDeadlineSeconds is not >= 0,
            "BestEffort" => pod.Status.QosClass == "BestEffort",
            "NotBestEffort" => pod.Status.QosClass != "BestEffort",
            "PriorityClass" => Fulfils(@operator, values, pod.Spec.PriorityClassName),
            "CrossNamespacePodAffinity" => CrossesNamespaces(pod.Spec.Affinity),
            _ => false,
        };
    }

    private static bool Fulfils(string @operator, ApiList<string> values, string value) => @operator switch
    {
        "In" => values.Contains(value),
        "NotIn" => !values.Contains(value),
        "DoesNotExist" => value.Length == 0,
        _ => value.Length > 0,
    };

    private static bool CrossesNamespaces(Affinity? affinity)
    {
        if (affinity is null)
            return false;
        var terms = new List<PodAffinityTerm>();
        terms.AddRange(affinity.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? default);
        terms.AddRange(affinity.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? default);
        foreach (var weighted in affinity.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? default)
            terms.Add(weighted.PodAffinityTerm);
        foreach (var weighted in affinity.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? default)
            terms.Add(weighted.PodAffinityTerm);
        foreach (var term in terms)
            if (term.Namespaces.Count > 0 || term.NamespaceSelector is not null)
                return true;
        return false;
    }
}
