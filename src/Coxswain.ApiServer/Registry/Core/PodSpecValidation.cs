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

    /// <param name="pod">The metadata of the pod; null for a template.</param>
    public static void Validate(PodSpec spec, ObjectMeta? pod, FieldPath path, FieldErrors errors)
    {
        if (spec.TerminationGracePeriodSeconds is null)
            errors.Required(path.Child("terminationGracePeriodSeconds"));
        var volumes = VolumeValidation.Validate(spec.Volumes, pod, path.Child("volumes"), errors);
        ResourceClaims(spec.ResourceClaims, path.Child("resourceClaims"), errors);
        var containers = new ContainerValidation(spec, volumes, errors);
        containers.Containers(path.Child("containers"));
        containers.InitContainers(path.Child("initContainers"));
        containers.EphemeralContainers(path.Child("ephemeralContainers"));
        if (spec.Resources is not null)
            PodResourcesValidation.Validate(spec, spec.Resources, path.Child("resources"), errors);

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
        PodOsValidation.HostProcess(spec, path, errors);
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
        if (spec.PreemptionPolicy is { } preemption)
            CommonRules.OneOf(preemption, path.Child("preemptionPolicy"), errors, "PreemptLowerPriority", "Never");
        if (spec.Overhead.Count > 0)
            ResourceRequirementsValidation.Validate(
                new ResourceRequirements { Limits = spec.Overhead }, [], path.Child("overhead"), errors);
        if (spec.Os is { } os)
            PodOsValidation.Validate(spec, os, path, errors);
    }

    public static void IPAddress(string text, FieldPath path, FieldErrors errors)
    {
        if (!ValidationRules.TryParseIPAddress(text, out var address))
            errors.Invalid(path, text, "must be valid IP address");
        else
            AddressRules.Strict(text, address, path, errors);
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
                if (claims.Take(i).Any(before => before.Name == claim.Name))
                    errors.Duplicate(at.Child("name"), claim.Name);
                else
                    errors.Invalid(at.Child("name"), claim.Name, ValidationRules.Dns1123Label(claim.Name));
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
}
