using Coxswain.Api;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Networking;

/// <summary>The rules of ingresses.</summary>
internal sealed class IngressStrategy : Strategy<Ingress>
{
    private const string ClassAnnotation = "kubernetes.io/ingress.class";
    private static readonly string[] PathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
    private static readonly string[] BadSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] BadSuffixes = ["/..", "/."];

    public override bool HasGeneration => true;

    // Upstream's scheme knows the kind first by the group in which it began.
    public override GroupVersionKind KindOf(IMetadataObject o) => o.GroupVersionKind with { Group = "extensions" };

    protected override Ingress WithStatusOf(Ingress o, Ingress source) => o with { Status = source.Status };

    protected override void Validate(StrategyContext c, Ingress o, FieldErrors errors)
    {
        ValidateMetadata(o, errors);
        ValidateObject(c, o, errors);
        if (o.Metadata.Annotations.TryGetValue(ClassAnnotation, out var annotation) && o.Spec.IngressClassName is { } chosen && chosen != annotation)
            errors.Invalid(new FieldPath("annotations").Child(ClassAnnotation), annotation, "can not be set when the class field is also set");
    }

    protected override void ValidateObject(StrategyContext c, Ingress o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        if (spec.Rules.Count == 0 && spec.DefaultBackend is null)
            errors.Invalid(path, spec.Rules, "either `defaultBackend` or `rules` must be specified");
        if (spec.DefaultBackend is not null)
            Backend(spec.DefaultBackend, path.Child("defaultBackend"), errors);
        for (var i = 0; i < spec.Rules.Count; i++)
            Rule(spec.Rules[i], path.Child("rules").Index(i), errors);
        for (var i = 0; i < spec.Tls.Count; i++)
            for (var j = 0; j < spec.Tls[i].Hosts.Count; j++)
                Host(spec.Tls[i].Hosts[j], path.Child("tls").Index(i).Child("hosts").Index(j), errors);
        if (spec.IngressClassName is not null)
            errors.Invalid(path.Child("ingressClassName"), spec.IngressClassName, ValidationRules.Dns1123Subdomain(spec.IngressClassName));
    }

    protected override void Warn(StrategyContext c, Ingress o, Ingress? old, ICollection<string> warnings)
    {
        if (old is null && o.Spec.IngressClassName is null && o.Metadata.Annotations.ContainsKey(ClassAnnotation))
            warnings.Add($"annotation {GoText.Quote(ClassAnnotation)} is deprecated, please use 'spec.ingressClassName' instead");
    }

    protected override void ValidateStatus(StrategyContext c, Ingress updated, Ingress old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var ingress = updated.Status.LoadBalancer.Ingress;
        for (var i = 0; i < ingress.Count; i++)
        {
            var at = Paths.Status.Child("loadBalancer").Child("ingress").Index(i);
            if (ingress[i].Ip.Length > 0)
                AddressRules.Address(ingress[i].Ip, at.Child("ip"), errors);
            if (ingress[i].Hostname.Length == 0)
                continue;
            errors.Invalid(at.Child("hostname"), ingress[i].Hostname, ValidationRules.Dns1123Subdomain(ingress[i].Hostname));
            if (ValidationRules.TryParseIPAddress(ingress[i].Hostname, out _))
                errors.Invalid(at.Child("hostname"), ingress[i].Hostname, "must be a DNS name, not an IP address");
        }
    }

    private static void Rule(IngressRule rule, FieldPath path, FieldErrors errors)
    {
        if (rule.Host.Length > 0)
        {
            if (ValidationRules.TryParseIPAddress(rule.Host, out _))
                errors.Invalid(path.Child("host"), rule.Host, "must be a DNS name, not an IP address");
            Host(rule.Host, path.Child("host"), errors);
        }

        if (rule.Http is not { } http)
            return;
        var paths = path.Child("http").Child("paths");
        if (http.Paths.Count == 0)
            errors.Required(paths);
        for (var i = 0; i < http.Paths.Count; i++)
            HttpPath(http.Paths[i], paths.Index(i), errors);
    }

    private static void HttpPath(HTTPIngressPath item, FieldPath path, FieldErrors errors)
    {
        switch (item.PathType)
        {
            case null:
                errors.Required(path.Child("pathType"), "pathType must be specified");
                break;
            case "Exact" or "Prefix":
                if (!item.Path.StartsWith('/'))
                    errors.Invalid(path.Child("path"), item.Path, "must be an absolute path");
                foreach (var sequence in BadSequences)
                    if (item.Path.Contains(sequence, StringComparison.Ordinal))
                        errors.Invalid(path.Child("path"), item.Path, $"must not contain '{sequence}'");
                foreach (var suffix in BadSuffixes)
                    if (item.Path.EndsWith(suffix, StringComparison.Ordinal))
                        errors.Invalid(path.Child("path"), item.Path, $"cannot end with '{suffix}'");
                break;
            case "ImplementationSpecific":
                if (item.Path.Length > 0 && !item.Path.StartsWith('/'))
                    errors.Invalid(path.Child("path"), item.Path, "must be an absolute path");
                break;
            default:
                errors.NotSupported(path.Child("pathType"), item.PathType, PathTypes);
                break;
        }

        Backend(item.Backend, path.Child("backend"), errors);
    }

    private static void Backend(IngressBackend backend, FieldPath path, FieldErrors errors)
    {
        if (backend.Resource is not null && backend.Service is not null)
        {
            errors.Invalid(path, "", "cannot set both resource and service backends");
        }
        else if (backend.Resource is { } resource)
        {
            if (resource.ApiGroup is not null)
                errors.Invalid(path.Child("resource").Child("apiGroup"), resource.ApiGroup, ValidationRules.Dns1123Subdomain(resource.ApiGroup));
            References.KindAndName(resource.Kind, resource.Name, path.Child("resource"), errors);
        }
        else if (backend.Service is { } service)
        {
            if (service.Name.Length == 0)
                errors.Required(path.Child("service").Child("name"));
            else
                errors.Invalid(path.Child("service").Child("name"), service.Name, ValidationRules.Dns1035Label(service.Name));
            if (service.Port.Name.Length > 0 && service.Port.Number != 0)
                errors.Invalid(path, "", "cannot set both port name & port number");
            else if (service.Port.Name.Length > 0)
                errors.Invalid(path.Child("service").Child("port").Child("name"), service.Port.Name, ValidationRules.PortName(service.Port.Name));
            else if (service.Port.Number != 0)
                errors.Invalid(path.Child("service").Child("port").Child("number"), service.Port.Number, ValidationRules.PortNumber(service.Port.Number));
            else
                errors.Required(path, "port name or number is required");
        }
        else
        {
            errors.Invalid(path, "", "resource or service backend is required");
        }
    }

    private static void Host(string host, FieldPath path, FieldErrors errors) =>
        errors.Invalid(path, host, host.Contains('*') ? ValidationRules.WildcardDns1123Subdomain(host) : ValidationRules.Dns1123Subdomain(host));
}
