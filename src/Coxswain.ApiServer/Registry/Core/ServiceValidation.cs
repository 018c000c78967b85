using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges services.</summary>
internal static class ServiceValidation
{
    private const int MaxAffinitySeconds = 86400;
    private static readonly string[] Types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    private static readonly FieldPath Path = Paths.Spec;

    public static void Validate(Service service, Service? old, FieldErrors errors)
    {
        var spec = service.Spec;
        var path = Path;
        Topology(service, errors);
        if (spec.Ports.Count == 0 && !ServiceNeeds.IsHeadless(service) && spec.Type != "ExternalName")
            errors.Required(path.Child("ports"));
        TypeRules(service, errors);
        for (var i = 0; i < spec.Ports.Count; i++)
            Port(spec.Ports, i, path.Child("ports").Index(i), errors);
        LabelValidation.Labels(spec.Selector, path.Child("selector"), errors);
        CommonRules.OneOf(spec.SessionAffinity, path.Child("sessionAffinity"), errors, "ClientIP", "None");
        SessionAffinity(spec, path.Child("sessionAffinityConfig"), errors);
        ServiceFamilyValidation.Validate(service, old, errors);
        for (var i = 0; i < spec.ExternalIPs.Count; i++)
        {
            var at = path.Child("externalIPs").Index(i);
            if (AddressRules.Address(spec.ExternalIPs[i], at, errors, old?.Spec.ExternalIPs ?? default))
                IPAddressRules.NotSpecial(spec.ExternalIPs[i], at, errors);
        }

        CommonRules.OneOf(spec.Type, path.Child("type"), errors, Types);
        if (spec.Type == "ClusterIP")
            for (var i = 0; i < spec.Ports.Count; i++)
                if (spec.Ports[i].NodePort != 0)
                    errors.Forbidden(path.Child("ports").Index(i).Child("nodePort"), "may not be used when `type` is 'ClusterIP'");
        UniqueNodePorts(spec.Ports, path.Child("ports"), errors);
        UniquePorts(spec.Ports, path.Child("ports"), errors);
        SourceRanges(service, old, errors);
        if (spec.AllocateLoadBalancerNodePorts is not null && spec.Type != "LoadBalancer")
            errors.Forbidden(path.Child("allocateLoadBalancerNodePorts"), "may only be used when `type` is 'LoadBalancer'");
        if (spec is { Type: "LoadBalancer", AllocateLoadBalancerNodePorts: null })
            errors.Required("allocateLoadBalancerNodePorts");
        LoadBalancerClass(spec, errors);
        ExternalTraffic(service, errors);
        if (spec.InternalTrafficPolicy is null)
        {
            if (ServiceNeeds.ClusterIP(service))
                errors.Required(path.Child("internalTrafficPolicy"));
        }
        else
        {
            CommonRules.OptionalOneOf(spec.InternalTrafficPolicy, path.Child("internalTrafficPolicy"), errors, "Cluster", "Local");
        }

        CommonRules.OptionalOneOf(spec.TrafficDistribution, path.Child("trafficDistribution"), errors, "PreferClose", "PreferSameNode", "PreferSameZone");
    }

    public static void Update(Service updated, Service old, FieldErrors errors)
    {
        ServiceFamilyValidation.Update(updated, old, errors);
        if (ServiceNeeds.HealthCheckNodePort(old) && ServiceNeeds.HealthCheckNodePort(updated)
            && updated.Spec.HealthCheckNodePort != old.Spec.HealthCheckNodePort)
            errors.Invalid(Path.Child("healthCheckNodePort"), updated.Spec.HealthCheckNodePort,
                "cannot change healthCheckNodePort on loadBalancer service with externalTraffic=Local during update");
        if (old.Spec.Type == "LoadBalancer" && updated.Spec.Type == "LoadBalancer" && old.Spec.LoadBalancerClass != updated.Spec.LoadBalancerClass)
            errors.Invalid(Path.Child("loadBalancerClass"), updated.Spec.LoadBalancerClass, "may not change once set");
    }

    public static void Status(Service updated, FieldErrors errors)
    {
        var path = Paths.Status.Child("loadBalancer").Child("ingress");
        var ingress = updated.Status.LoadBalancer.Ingress;
        if (updated.Spec.Type != "LoadBalancer" && ingress.Count > 0)
        {
            errors.Forbidden(path, "may only be used when `spec.type` is \"LoadBalancer\"");
            return;
        }

        for (var i = 0; i < ingress.Count; i++)
        {
            var at = path.Index(i);
            if (ingress[i].Ip.Length > 0)
                AddressRules.Address(ingress[i].Ip, at.Child("ip"), errors);
            if (ingress[i].Ip.Length > 0 && ingress[i].IpMode is null)
                errors.Required(at.Child("ipMode"), "must be specified when `ip` is set");
            else if (ingress[i].Ip.Length == 0 && ingress[i].IpMode is not null)
                errors.Forbidden(at.Child("ipMode"), "may not be specified when `ip` is not set");
            else
                CommonRules.OptionalOneOf(ingress[i].IpMode, at.Child("ipMode"), errors, "VIP", "Proxy");
            if (ingress[i].Hostname.Length > 0)
            {
                errors.Invalid(at.Child("hostname"), ingress[i].Hostname, ValidationRules.Dns1123Subdomain(ingress[i].Hostname));
                if (ValidationRules.TryParseIPAddress(ingress[i].Hostname, out _))
                    errors.Invalid(at.Child("hostname"), ingress[i].Hostname, "must be a DNS name, not an IP address");
            }
        }
    }

    // Two annotations of different age say the same.
    private static void Topology(Service service, FieldErrors errors)
    {
        const string Hints = "service.kubernetes.io/topology-aware-hints";
        const string Mode = "service.kubernetes.io/topology-mode";
        var annotations = service.Metadata.Annotations;
        if (annotations.TryGetValue(Hints, out var hints) && annotations.TryGetValue(Mode, out var mode) && hints != mode)
            errors.Invalid(Paths.Metadata.Child("annotations").Key(Mode), mode, $"must match annotations[{Hints}] when both are specified");
    }

    private static void TypeRules(Service service, FieldErrors errors)
    {
        var spec = service.Spec;
        switch (spec.Type)
        {
            case "LoadBalancer" or "NodePort":
                if (ServiceNeeds.IsHeadless(service))
                    errors.Invalid(Path.Child("clusterIPs").Index(0), "None", $"may not be set to 'None' for {spec.Type} services");
                break;
            case "ExternalName":
                if (spec.ClusterIPs.Count > 0)
                    errors.Forbidden(Path.Child("clusterIPs"), "may not be set for ExternalName services");
                if (spec.IpFamilies.Count > 0)
                    errors.Forbidden(Path.Child("ipFamilies"), "may not be set for ExternalName services");
                if (spec.IpFamilyPolicy is not null)
                    errors.Forbidden(Path.Child("ipFamilyPolicy"), "may not be set for ExternalName services");
                var name = spec.ExternalName.EndsWith('.') ? spec.ExternalName[..^1] : spec.ExternalName;
                if (name.Length > 0)
                    errors.Invalid(Path.Child("externalName"), name, ValidationRules.Dns1123Subdomain(name));
                else
                    errors.Required(Path.Child("externalName"));
                break;
        }
    }

    private static void Port(ApiList<ServicePort> ports, int index, FieldPath path, FieldErrors errors)
    {
        var port = ports[index];
        if (port.Name.Length == 0)
        {
            if (ports.Count > 1)
                errors.Required(path.Child("name"));
        }
        else
        {
            errors.Invalid(path.Child("name"), port.Name, ValidationRules.Dns1123Label(port.Name));
            for (var j = 0; j < index; j++)
                if (ports[j].Name == port.Name)
                {
                    errors.Duplicate(path.Child("name"), port.Name);
                    break;
                }
        }

        errors.Invalid(path.Child("port"), port.Port, ValidationRules.PortNumber(port.Port));
        CommonRules.OneOf(port.Protocol, path.Child("protocol"), errors, "SCTP", "TCP", "UDP");
        HandlerValidation.PortNumberOrName(port.TargetPort, path.Child("targetPort"), errors);
        if (port.AppProtocol is not null)
            errors.Invalid(path.Child("appProtocol"), port.AppProtocol, ValidationRules.QualifiedName(port.AppProtocol));
    }

    private static void SessionAffinity(ServiceSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.SessionAffinity == "None")
        {
            if (spec.SessionAffinityConfig is not null)
                errors.Forbidden(path, "must not be set when session affinity is None");
            return;
        }

        if (spec.SessionAffinity != "ClientIP")
            return;
        if (spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds is not { } seconds)
            errors.Required(path, "when session affinity type is ClientIP");
        else if (seconds is <= 0 or > MaxAffinitySeconds)
            errors.Invalid(path.Child("clientIP").Child("timeoutSeconds"), seconds, $"must be greater than 0 and less than {MaxAffinitySeconds}");
    }

    private static void UniqueNodePorts(ApiList<ServicePort> ports, FieldPath path, FieldErrors errors)
    {
        for (var i = 1; i < ports.Count; i++)
            for (var j = 0; ports[i].NodePort != 0 && j < i; j++)
                if (ports[j].NodePort == ports[i].NodePort && ports[j].Protocol == ports[i].Protocol)
                {
                    errors.Duplicate(path.Index(i).Child("nodePort"), ports[i].NodePort);
                    break;
                }
    }

    private static void UniquePorts(ApiList<ServicePort> ports, FieldPath path, FieldErrors errors)
    {
        for (var i = 1; i < ports.Count; i++)
            for (var j = 0; j < i; j++)
                if (ports[j].Port == ports[i].Port && ports[j].Protocol == ports[i].Protocol)
                {
                    errors.Duplicate(path.Index(i), new ServicePort { Protocol = ports[i].Protocol, Port = ports[i].Port });
                    break;
                }
    }

    private static void SourceRanges(Service service, Service? old, FieldErrors errors)
    {
        const string Annotation = "service.beta.kubernetes.io/load-balancer-source-ranges";
        var path = Path.Child("LoadBalancerSourceRanges");
        IReadOnlyList<string> ranges = service.Spec.LoadBalancerSourceRanges;
        if (ranges.Count == 0)
        {
            if (!service.Metadata.Annotations.TryGetValue(Annotation, out var text))
                return;
            path = Paths.Metadata.Child("annotations").Key(Annotation);
            ranges = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }

        if (service.Spec.Type != "LoadBalancer")
        {
            errors.Forbidden(path, "may only be used when `type` is 'LoadBalancer'");
            return;
        }

        // As v1.20 words it: of the whole list.
        foreach (var range in ranges)
            if (!ValidationRules.TryParseCidr(range.Trim(), out _, out _))
            {
                errors.Invalid(path, $"[{string.Join(' ', ranges)}]", "must be a list of IP ranges. For example, 10.240.0.0/24,10.250.0.0/24 ");
                return;
            }

        for (var i = 0; i < ranges.Count; i++)
            AddressRules.Cidr(ranges[i].Trim(), path.Index(i), errors, old?.Spec.LoadBalancerSourceRanges ?? default);
    }

    private static void LoadBalancerClass(ServiceSpec spec, FieldErrors errors)
    {
        if (spec.LoadBalancerClass is null)
            return;
        if (spec.Type != "LoadBalancer")
            errors.Forbidden(Path.Child("loadBalancerClass"), "may only be used when `type` is 'LoadBalancer'");
        else
            errors.Invalid(Path.Child("loadBalancerClass"), spec.LoadBalancerClass, ValidationRules.QualifiedName(spec.LoadBalancerClass));
    }

    private static void ExternalTraffic(Service service, FieldErrors errors)
    {
        var spec = service.Spec;
        var path = Path.Child("externalTrafficPolicy");
        if (!ServiceNeeds.ExternallyAccessible(service))
        {
            if (spec.ExternalTrafficPolicy.Length > 0)
                errors.Invalid(path, spec.ExternalTrafficPolicy, "may only be set for externally-accessible services");
        }
        else if (spec.ExternalTrafficPolicy.Length == 0)
        {
            errors.Required(path);
        }
        else
        {
            CommonRules.OneOf(spec.ExternalTrafficPolicy, path, errors, "Cluster", "Local");
        }

        path = Path.Child("healthCheckNodePort");
        if (!ServiceNeeds.HealthCheckNodePort(service))
        {
            if (spec.HealthCheckNodePort != 0)
                errors.Invalid(path, spec.HealthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        }
        else if (spec.HealthCheckNodePort == 0)
        {
            errors.Required(path);
        }
        else
        {
            errors.Invalid(path, spec.HealthCheckNodePort, ValidationRules.PortNumber(spec.HealthCheckNodePort));
        }
    }
}
