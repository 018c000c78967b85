using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Admission;

/// <summary>Fills in the resources that limit ranges give by default, and holds pods and claims to their bounds.</summary>
internal sealed class LimitRangerAdmission(IClusterView cluster) : IAdmissionPlugin
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    public string Name => "LimitRanger";

    // The resources of a pod do not change through updates of the pod itself.
    public bool Handles(AdmissionContext context) => (context.IsCreate && context.Is("", "pods"))
        || ((context.IsCreate || context.IsUpdate) && context.Is("", "persistentvolumeclaims"));

    public async ValueTask<IKubernetesObject?> MutateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        // The first limit range of a namespace holds from the moment it was made: where the cache has none, one may be on its way.
        if (!cluster.List<LimitRange>(context.Namespace).Any())
            await cluster.CatchUpAsync<LimitRange>(cancellation);
        if (o is not Pod pod)
            return o;
        foreach (var range in cluster.List<LimitRange>(context.Namespace))
            pod = Defaulted(pod, range);
        return pod;
    }

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        foreach (var range in cluster.List<LimitRange>(context.Namespace))
        {
            var problems = o switch
            {
                Pod pod => LimitRangeBounds.Check(pod.Spec, range),
                PersistentVolumeClaim claim => LimitRangeBounds.Check(claim, range),
                _ => [],
            };
            if (problems.Count > 0)
                throw context.Forbidden(o, problems.Count == 1 ? problems[0] : $"[{string.Join(", ", problems.Distinct())}]");
        }

        return default;
    }

    private static Pod Defaulted(Pod pod, LimitRange range)
    {
        foreach (var item in range.Spec.Limits)
        {
            if (item.Type != "Container" || (item.Default.Count == 0 && item.DefaultRequest.Count == 0))
                continue;
            var notes = new List<string>();
            var containers = Filled(pod.Spec.Containers, item, "container", notes);
            var init = Filled(pod.Spec.InitContainers, item, "init container", notes);
            if (notes.Count == 0)
                continue;
            pod = pod with
            {
                Spec = pod.Spec with { Containers = containers, InitContainers = init },
                Metadata = pod.Metadata with
                {
                    Annotations = pod.Metadata.Annotations.With(Annotation, "LimitRanger plugin set: " + string.Join("; ", notes)),
                },
            };
        }

        return pod;
    }

    private static ApiList<Container> Filled(ApiList<Container> containers, LimitRangeItem item, string what, List<string> notes)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            var resources = containers[i].Resources;
            var limits = Merged(resources.Limits, item.Default, out var setLimits);
            var requests = Merged(resources.Requests, item.DefaultRequest, out var setRequests);
            if (setRequests.Length > 0)
                notes.Add($"{setRequests} request for {what} {containers[i].Name}");
            if (setLimits.Length > 0)
                notes.Add($"{setLimits} limit for {what} {containers[i].Name}");
            if (setRequests.Length > 0 || setLimits.Length > 0)
                containers = containers.SetItem(i, containers[i] with { Resources = resources with { Limits = limits, Requests = requests } });
        }

        return containers;
    }

    private static ApiMap<Quantity> Merged(ApiMap<Quantity> own, ApiMap<Quantity> defaults, out string set)
    {
        var names = new List<string>();
        foreach (var (name, value) in CommonRules.Sorted(defaults))
            if (!own.ContainsKey(name))
            {
                own = own.With(name, value);
                names.Add(name);
            }

        set = string.Join(", ", names);
        return own;
    }
}
