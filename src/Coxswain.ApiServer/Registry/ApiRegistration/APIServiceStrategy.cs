using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.ApiRegistration;

/// <summary>The rules of API services.</summary>
internal sealed class APIServiceStrategy : Strategy<APIService>
{
    protected override NameRule NameRule => NameRules.PathSegment;

    protected override bool StatusWritesMetadata => false;

    protected override APIService WithStatusOf(APIService o, APIService source) => o with { Status = source.Status };

    protected override APIService Default(APIService o) =>
        o.Spec.Service is { Port: null } service ? o with { Spec = o.Spec with { Service = service with { Port = 443 } } } : o;

    protected override APIService PrepareForCreate(StrategyContext c, APIService o)
    {
        // Who serves it is this process itself.
        if (o.Spec.Service is not null)
            return o with { Status = APIServiceStatus.Empty };
        return o with
        {
            Status = new APIServiceStatus
            {
                Conditions =
                [
                    new APIServiceCondition
                    {
                        Type = "Available",
                        Status = "True",
                        Reason = "Local",
                        Message = "Local APIServices are always available",
                        LastTransitionTime = c.Now,
                    },
                ],
            },
        };
    }

    protected override void Validate(StrategyContext c, APIService o, FieldErrors errors)
    {
        var required = $"{o.Spec.Version}.{o.Spec.Group}";
        ObjectMetaValidation.Validate(o.Metadata, namespaced: false,
            (name, prefix) => NameRules.PathSegment(name, prefix) is { Count: > 0 } messages ? messages
                : name != required ? [$"must be `spec.version+\".\"+spec.group`: {GoText.Quote(required)}"] : [],
            Paths.Metadata, errors);
        ObjectMetaValidation.BuiltInFinalizers(o.Metadata, Paths.Metadata, errors);
        ValidateObject(c, o, errors);
    }

    protected override void ValidateObject(StrategyContext c, APIService o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        errors.Invalid(path.Child("version"), spec.Version, ValidationRules.Dns1035Label(spec.Version));
        if (spec.Group.Length > 0)
            errors.Invalid(path.Child("group"), spec.Group, ValidationRules.Dns1123Subdomain(spec.Group));
        if (spec.GroupPriorityMinimum is <= 0 or > 20000)
            errors.Invalid(path.Child("groupPriorityMinimum"), spec.GroupPriorityMinimum, "must be positive and less than 20000");
        if (spec.VersionPriority is <= 0 or > 1000)
            errors.Invalid(path.Child("versionPriority"), spec.VersionPriority, "must be positive and less than 1000");
        if (spec.Service is not { } service)
        {
            if (spec.CaBundle.Length > 0)
                errors.Invalid(path.Child("caBundle"), $"{spec.CaBundle.Length} bytes", "local APIServices may not have a caBundle");
            if (spec.InsecureSkipTLSVerify)
                errors.Invalid(path.Child("insecureSkipTLSVerify"), true, "local APIServices may not have insecureSkipTLSVerify");
            return;
        }

        if (service.Namespace.Length == 0)
            errors.Required(path.Child("service").Child("namespace"));
        if (service.Name.Length == 0)
            errors.Required(path.Child("service").Child("name"));
        if (ValidationRules.PortNumber(service.Port ?? 443).Count > 0)
            errors.Invalid(path.Child("service").Child("port"), service.Port, "port is not valid: must be between 1 and 65535, inclusive");
        if (spec.InsecureSkipTLSVerify && spec.CaBundle.Length > 0)
            errors.Invalid(path.Child("insecureSkipTLSVerify"), true, "may not be true if caBundle is present");
    }

    protected override void ValidateUpdate(StrategyContext c, APIService updated, APIService old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        Validate(c, updated, errors);
    }
}
