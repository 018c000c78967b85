using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges the spec of a pod, its own or that of a template.</summary>
internal static class PodSpecValidation
{
    private const int MaxNameservers = 3;
    private const int MaxSearchPaths = 32;
    private const int MaxSearchCharacters = 2048;

    private static readonly string[] DnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    private static readonly string[] RestartPolicies = ["Always", "OnFailure", "Never"];

    public static void Validate(PodSpec spec, ObjectMeta metadata, FieldPath path, FieldErrors errors)
    {
        var volumes = VolumeValidation.Validate(spec.Volumes, metadata, path.Child("volumes"), errors);
        ResourceClaims(spec.ResourceClaims, path.Child("resourceClaims"), errors);
        var containers = new ContainerValidation(spec, volumes, errors);
        containers.Containers(path.Child("containers"));
        containers.InitContainers(path.Child("initContainers"));
        containers.EphemeralContainers(path.Child("ephemeralContainers"));
        if (spec.Resources is not null)
            PodResources(spec.Resources, spec, path.Child("resources"), errors);

        CommonRules.OneOf(spec.RestartPolicy, path.Child("restartPolicy"), errors, RestartPolicies);
        CommonRules.OneOf(spec.DnsPolicy, path.Child("dnsPolicy"), errors, DnsPolicies);
        LabelValidation.Labels(spec.NodeSelector, path.Child("nodeSelector"), errors);
        SecurityContextValidation.Pod(spec, path, path.Child("securityContext"), errors);
        SchedulingValidation.Affinity(spec.Affinity, path.Child("affinity"), errors);
        DnsConfig(spec, path.Child("dnsConfig"), errors);
        for (var i = 0; i < spec.ReadinessGates.Count; i++)
            errors.Invalid(path.Child("readinessGates").Index(i).Child("conditionType"), spec.ReadinessGates[i].ConditionType,
                ValidationRules.QualifiedName(spec.ReadinessGates[i].ConditionType));
        SchedulingGates(spec.SchedulingGates, path.Child("schedulingGates"), errors);
        SchedulingValidation.TopologySpread(spec.TopologySpreadConstraints, path.Child("topologySpreadConstraints"), errors);
        HostUsers(spec, path, errors);

        if (spec.ServiceAccountName.Length > 0)
            errors.Invalid(path.Child("serviceAccountName"), spec.ServiceAccountName, ValidationRules.Dns1123Subdomain(spec.ServiceAccountName));
        if (spec.NodeName.Length > 0)
            errors.Invalid(path.Child("nodeName"), spec.NodeName, ValidationRules.Dns1123Subdomain(spec.NodeName));
        if (spec.ActiveDeadlineSeconds is { } deadline)
            errors.Invalid(path.Child("activeDeadlineSeconds"), deadline, ValidationRules.InRange(deadline, 1, int.MaxValue));
        if (spec.Hostname.Length > 0)
            errors.Invalid(path.Child("hostname"), spec.Hostname, ValidationRules.Dns1123Label(spec.Hostname));
        if (spec.Subdomain.Length > 0)
            errors.Invalid(path.Child("subdomain"), spec.Subdomain, ValidationRules.Dns1123Label(spec.Subdomain));
        HostnameOverride(spec, path, errors);
        SchedulingValidation.Tolerations(spec.Tolerations, path.Child("tolerations"), errors);
        foreach (var alias in spec.HostAliases)
        {
            IPAddress(alias.Ip, path.Child("hostAliases").Child("ip"), errors);
            foreach (var host in alias.Hostnames)
                errors.Invalid(path.Child("hostAliases").Child("hostnames"), host, ValidationRules.Dns1123Subdomain(host));
        }

        if (spec.PriorityClassName.Length > 0)
            errors.Invalid(path.Child("priorityClassName"), spec.PriorityClassName, ValidationRules.Dns1123Subdomain(spec.PriorityClassName));
        if (spec.RuntimeClassName is not null)
            errors.Invalid(path.Child("runtimeClassName"), spec.RuntimeClassName, ValidationRules.Dns1123Subdomain(spec.RuntimeClassName));
        CommonRules.OptionalOneOf(spec.PreemptionPolicy, path.Child("preemptionPolicy"), errors, "Never", "PreemptLowerPriority");
        if (spec.Overhead.Count > 0)
            ResourceRequirementsValidation.Validate(
                new ResourceRequirements { Limits = spec.Overhead }, [], path.Child("overhead"), errors);
        if (spec.Os is not null)
            OperatingSystem(spec, path, errors);
    }

    public static void IPAddress(string text, FieldPath path, FieldErrors errors)
    {
        if (!ValidationRules.TryParseIPAddress(text, out _))
            errors.Invalid(path, text, "must be valid IP address");
    }

    private static void ResourceClaims(ApiList<PodResourceClaim> claims, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < claims.Count; i++)
        {
            var claim = claims[i];
            var at = path.Index(i);
            if (claim.Name.Length == 0)
            {
                errors.Required(at.Child("name"));
            }
            else
            {
                errors.Invalid(at.Child("name"), claim.Name, ValidationRules.Dns1123Label(claim.Name));
                for (var j = 0; j < i; j++)
                    if (claims[j].Name == claim.Name)
                    {
                        errors.Duplicate(at.Child("name"), claim.Name);
                        break;
                    }
            }

            if (claim.ResourceClaimName is not null && claim.ResourceClaimTemplateName is not null)
                errors.Invalid(at, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
            else if (claim.ResourceClaimName is null && claim.ResourceClaimTemplateName is null)
                errors.Invalid(at, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
            if (claim.ResourceClaimName is not null)
                errors.Invalid(at.Child("resourceClaimName"), claim.ResourceClaimName, ValidationRules.Dns1123Subdomain(claim.ResourceClaimName));
            if (claim.ResourceClaimTemplateName is not null)
                errors.Invalid(at.Child("resourceClaimTemplateName"), claim.ResourceClaimTemplateName,
                    ValidationRules.Dns1123Subdomain(claim.ResourceClaimTemplateName));
        }
    }

    private static void PodResources(ResourceRequirements resources, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        ResourceRequirementsValidation.Validate(resources, spec.ResourceClaims, path, errors);
        foreach (var (name, _) in CommonRules.Sorted(resources.Limits))
            if (name is not ("cpu" or "memory") && !ResourceNames.IsHugePages(name))
                errors.NotSupported(path.Child("limits").Key(name), name, "cpu", "hugepages-", "memory");
        foreach (var (name, _) in CommonRules.Sorted(resources.Requests))
            if (name is not ("cpu" or "memory") && !ResourceNames.IsHugePages(name))
                errors.NotSupported(path.Child("requests").Key(name), name, "cpu", "hugepages-", "memory");
        foreach (var (name, limit) in CommonRules.Sorted(resources.Limits))
            for (var i = 0; i < spec.Containers.Count; i++)
                if (spec.Containers[i].Resources.Limits.TryGetValue(name, out var own) && own > limit)
                    errors.Invalid(Paths.Spec.Child("containers").Index(i).Child("resources").Child("limits").Key(name), own.ToString(),
                        $"must be less than or equal to pod limits of {limit}");
        foreach (var (name, request) in CommonRules.Sorted(resources.Requests))
        {
            var sum = Quantity.Zero;
            foreach (var container in spec.Containers)
                sum += container.Resources.Requests.GetValueOrDefault(name);
            if (sum > request)
                errors.Invalid(path.Child("requests").Key(name), request.ToString(), $"must be greater than or equal to aggregate container requests of {sum}");
        }
    }

    private static void SchedulingGates(ApiList<PodSchedulingGate> gates, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < gates.Count; i++)
        {
            errors.Invalid(path.Index(i), gates[i].Name, ValidationRules.QualifiedName(gates[i].Name));
            for (var j = 0; j < i; j++)
                if (gates[j].Name == gates[i].Name)
                {
                    errors.Duplicate(path.Index(i), gates[i].Name);
                    break;
                }
        }
    }

    private static void DnsConfig(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var config = spec.DnsConfig;
        if (spec.DnsPolicy == "None")
        {
            if (config is null)
            {
                errors.Required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
                return;
            }

            if (config.Nameservers.Count == 0)
            {
                errors.Required(path.Child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
                return;
            }
        }

        if (config is null)
            return;
        if (config.Nameservers.Count > MaxNameservers)
            errors.Invalid(path.Child("nameservers"), config.Nameservers, $"must not have more than {MaxNameservers} nameservers");
        for (var i = 0; i < config.Nameservers.Count; i++)
            IPAddress(config.Nameservers[i], path.Child("nameservers").Index(i), errors);
        if (config.Searches.Count > MaxSearchPaths)
            errors.Invalid(path.Child("searches"), config.Searches, $"must not have more than {MaxSearchPaths} search paths");
        if (string.Join(' ', config.Searches).Length > MaxSearchCharacters)
            errors.Invalid(path.Child("searches"), config.Searches,
                $"must not have more than {MaxSearchCharacters} characters (including spaces) in the search list");
        for (var i = 0; i < config.Searches.Count; i++)
        {
            var search = config.Searches[i];
            if (search.EndsWith('.'))
                search = search[..^1];
            if (config.Searches[i] != ".")
                errors.Invalid(path.Child("searches").Index(i), search, ValidationRules.Dns1123SubdomainWithUnderscore(search));
        }

        for (var i = 0; i < config.Options.Count; i++)
            if (config.Options[i].Name.Length == 0)
                errors.Required(path.Child("options").Index(i), "must not be empty");
    }

    private static void HostUsers(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.HostUsers != false)
            return;
        for (var i = 0; i < spec.Containers.Count; i++)
            if (spec.Containers[i].VolumeDevices.Count > 0)
                errors.Forbidden(path.Child("containers").Index(i).Child("volumeDevices"), "when `hostUsers` is false, `volumeDevices` are not supported");
        if (spec.HostNetwork)
            errors.Forbidden(path.Child("hostNetwork"), "when `hostUsers` is false");
        if (spec.HostPID)
            errors.Forbidden(path.Child("hostPID"), "when `hostUsers` is false");
        if (spec.HostIPC)
            errors.Forbidden(path.Child("hostIPC"), "when `hostUsers` is false");
    }

    private static void HostnameOverride(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.HostnameOverride is not { } name)
            return;
        errors.Invalid(path.Child("hostnameOverride"), name, ValidationRules.Dns1123Subdomain(name));
        if (name.Length > 64)
            errors.TooLong(path.Child("hostnameOverride"), 64);
        if (spec.HostNetwork)
            errors.Forbidden(path.Child("hostnameOverride"), "may not be specified when hostNetwork is true");
        if (spec.SetHostnameAsFQDN == true)
            errors.Forbidden(path.Child("hostnameOverride"), "may not be specified when setHostnameAsFQDN is true");
    }

    private static void OperatingSystem(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var name = spec.Os!.Name;
        if (name.Length == 0)
        {
            errors.Required(path.Child("os").Child("name"), "cannot be empty");
            return;
        }

        if (name is not ("linux" or "windows"))
        {
            errors.NotSupported(path.Child("os"), name, "linux", "windows");
            return;
        }

        if (name == "linux")
        {
            if (spec.SecurityContext?.WindowsOptions is not null)
                errors.Forbidden(path.Child("securityContext").Child("windowsOptions"), "windows options cannot be set for a linux pod");
            for (var i = 0; i < spec.Containers.Count; i++)
                if (spec.Containers[i].SecurityContext?.WindowsOptions is not null)
                    errors.Forbidden(path.Child("containers").Index(i).Child("securityContext").Child("windowsOptions"),
                        "windows options cannot be set for a linux pod");
            return;
        }

        OnlyForLinux(spec.HostPID, "hostPID");
        OnlyForLinux(spec.HostIPC, "hostIPC");
        OnlyForLinux(spec.ShareProcessNamespace is not null, "shareProcessNamespace");
        if (spec.SecurityContext is not { } context)
            return;
        var below = path.Child("securityContext");
        if (context.SeLinuxOptions is not null)
            errors.Forbidden(below.Child("seLinuxOptions"), "cannot be set for a windows pod");
        if (context.SeccompProfile is not null)
            errors.Forbidden(below.Child("seccompProfile"), "cannot be set for a windows pod");
        if (context.FsGroup is not null)
            errors.Forbidden(below.Child("fsGroup"), "cannot be set for a windows pod");
        if (context.Sysctls.Count > 0)
            errors.Forbidden(below.Child("sysctls"), "cannot be set for a windows pod");
        if (context.RunAsUser is not null)
            errors.Forbidden(below.Child("runAsUser"), "cannot be set for a windows pod");
        if (context.RunAsGroup is not null)
            errors.Forbidden(below.Child("runAsGroup"), "cannot be set for a windows pod");
        if (context.SupplementalGroups.Count > 0)
            errors.Forbidden(below.Child("supplementalGroups"), "cannot be set for a windows pod");

        void OnlyForLinux(bool set, string field)
        {
            if (set)
                errors.Forbidden(path.Child("securityContext").Child(field), "cannot be set for a windows pod");
        }
    }
}
