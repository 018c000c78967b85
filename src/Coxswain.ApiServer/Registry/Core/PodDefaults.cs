using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Fills in what pods and pod templates leave out.</summary>
internal static class PodDefaults
{
    /// <summary>Defaults of a template's spec and of a pod's.</summary>
    public static PodSpec Spec(PodSpec spec) => spec with
    {
        DnsPolicy = VolumeDefaults.Or(spec.DnsPolicy, "ClusterFirst"),
        RestartPolicy = VolumeDefaults.Or(spec.RestartPolicy, "Always"),
        SecurityContext = spec.SecurityContext ?? PodSecurityContext.Empty,
        TerminationGracePeriodSeconds = spec.TerminationGracePeriodSeconds ?? 30,
        SchedulerName = VolumeDefaults.Or(spec.SchedulerName, "default-scheduler"),
        ServiceAccountName = VolumeDefaults.Or(spec.ServiceAccountName, spec.ServiceAccount),
        ServiceAccount = VolumeDefaults.Or(spec.ServiceAccountName, spec.ServiceAccount),
        Volumes = Each(spec.Volumes, VolumeDefaults.Apply),
        Containers = Containers(spec.Containers, spec.HostNetwork),
        InitContainers = Containers(spec.InitContainers, spec.HostNetwork),
        EphemeralContainers = Each(spec.EphemeralContainers, Ephemeral),
    };

    public static PodTemplateSpec Template(PodTemplateSpec template) => template with { Spec = Spec(template.Spec) };

    /// <summary>Defaults of a pod: those of its spec, and what templates leave to their pods.</summary>
    public static Pod Pod(Pod pod)
    {
        var spec = Spec(pod.Spec);
        spec = spec with
        {
            EnableServiceLinks = spec.EnableServiceLinks ?? true,
            Containers = Each(spec.Containers, RequestsFromLimits),
            InitContainers = Each(spec.InitContainers, RequestsFromLimits),
        };
        if (spec.Resources is not null)
            spec = spec with { Resources = PodResourcesValidation.Defaulted(spec, spec.Resources) };
        return pod with { Spec = spec, Status = PodIPs(pod.Status) };
    }

    /// <summary>podIP and the first of podIPs are one value; where they differ, podIP counts.</summary>
    private static PodStatus PodIPs(PodStatus status)
    {
        if (status.PodIP.Length == 0)
            return status.PodIPs.Count == 0 ? status : status with { PodIP = status.PodIPs[0].Ip };
        if (status.PodIPs.Count > 0 && status.PodIPs[0].Ip == status.PodIP)
            return status;
        return status with { PodIPs = [new PodIP { Ip = status.PodIP }] };
    }

    private static ApiList<Container> Containers(ApiList<Container> containers, bool hostNetwork)
    {
        if (containers.Count == 0)
            return containers;
        var result = new Container[containers.Count];
        for (var i = 0; i < result.Length; i++)
            result[i] = Container(containers[i], hostNetwork);
        return [.. result];
    }

    private static Container Container(Container c, bool hostNetwork) => c with
    {
        ImagePullPolicy = c.ImagePullPolicy.Length > 0 ? c.ImagePullPolicy : ImageName.DefaultPullPolicy(c.Image),
        TerminationMessagePath = VolumeDefaults.Or(c.TerminationMessagePath, "/dev/termination-log"),
        TerminationMessagePolicy = VolumeDefaults.Or(c.TerminationMessagePolicy, "File"),
        Ports = Ports(c.Ports, hostNetwork),
        Env = Env(c.Env),
        LivenessProbe = Probe(c.LivenessProbe),
        ReadinessProbe = Probe(c.ReadinessProbe),
        StartupProbe = Probe(c.StartupProbe),
        Lifecycle = Lifecycle(c.Lifecycle),
    };

    private static EphemeralContainer Ephemeral(EphemeralContainer c) => c with
    {
        ImagePullPolicy = c.ImagePullPolicy.Length > 0 ? c.ImagePullPolicy : ImageName.DefaultPullPolicy(c.Image),
        TerminationMessagePath = VolumeDefaults.Or(c.TerminationMessagePath, "/dev/termination-log"),
        TerminationMessagePolicy = VolumeDefaults.Or(c.TerminationMessagePolicy, "File"),
        Env = Env(c.Env),
    };

    private static ApiList<ContainerPort> Ports(ApiList<ContainerPort> ports, bool hostNetwork)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            if (port.Protocol.Length == 0)
                port = port with { Protocol = "TCP" };
            if (hostNetwork && port.HostPort == 0)
                port = port with { HostPort = port.ContainerPortValue };
            if (!ReferenceEquals(port, ports[i]))
                ports = ports.SetItem(i, port);
        }

        return ports;
    }

    private static ApiList<EnvVar> Env(ApiList<EnvVar> variables)
    {
        for (var i = 0; i < variables.Count; i++)
            if (variables[i].ValueFrom is { FieldRef: { ApiVersion.Length: 0 } field } source)
                variables = variables.SetItem(i, variables[i] with { ValueFrom = source with { FieldRef = field with { ApiVersion = "v1" } } });
        return variables;
    }

    private static Probe? Probe(Probe? probe) => probe is null ? null : probe with
    {
        TimeoutSeconds = Or(probe.TimeoutSeconds, 1),
        PeriodSeconds = Or(probe.PeriodSeconds, 10),
        SuccessThreshold = Or(probe.SuccessThreshold, 1),
        FailureThreshold = Or(probe.FailureThreshold, 3),
        HttpGet = HttpGet(probe.HttpGet),
        Grpc = probe.Grpc is { Service: null } ? probe.Grpc with { Service = "" } : probe.Grpc,
    };

    private static int Or(int value, int fallback) => value == 0 ? fallback : value;

    private static Lifecycle? Lifecycle(Lifecycle? lifecycle)
    {
        if (lifecycle is null)
            return null;
        var (start, stop) = (lifecycle.PostStart, lifecycle.PreStop);
        return lifecycle with
        {
            PostStart = start?.HttpGet is null ? start : start with { HttpGet = HttpGet(start.HttpGet) },
            PreStop = stop?.HttpGet is null ? stop : stop with { HttpGet = HttpGet(stop.HttpGet) },
        };
    }

    private static HTTPGetAction? HttpGet(HTTPGetAction? action) => action is null ? null : action with
    {
        Path = VolumeDefaults.Or(action.Path, "/"),
        Scheme = VolumeDefaults.Or(action.Scheme, "HTTP"),
    };

    private static Container RequestsFromLimits(Container container) =>
        container.Resources.Limits.Count == 0 ? container : container with { Resources = RequestsFromLimits(container.Resources) };

    private static ResourceRequirements RequestsFromLimits(ResourceRequirements resources)
    {
        Dictionary<string, Quantity>? requests = null;
        foreach (var (name, limit) in resources.Limits)
            if (!resources.Requests.ContainsKey(name))
                (requests ??= new(resources.Requests, StringComparer.Ordinal))[name] = limit;
        return requests is null ? resources : resources with { Requests = requests.ToApiMap() };
    }

    private static ApiList<TItem> Each<TItem>(ApiList<TItem> items, Func<TItem, TItem> change)
    {
        if (items.Count == 0)
            return items;
        var result = new TItem[items.Count];
        for (var i = 0; i < result.Length; i++)
            result[i] = change(items[i]);
        return [.. result];
    }
}
