using Coxswain.Api.Networking.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Networking;

/// <summary>The rules of ingress classes.</summary>
internal sealed class IngressClassStrategy : Strategy<IngressClass>
{
    private const int MaxControllerLength = 250;

    public override bool HasGeneration => true;

    protected override IngressClass Default(IngressClass o) => o.Spec.Parameters is { Scope: null } parameters
        ? o with { Spec = o.Spec with { Parameters = parameters with { Scope = "Cluster" } } }
        : o;

    protected override void ValidateObject(StrategyContext c, IngressClass o, FieldErrors errors)
    {
        var path = Paths.Spec.Child("controller");
        if (o.Spec.Controller.Length > MaxControllerLength)
            errors.TooLong(path, MaxControllerLength);
        DomainPrefixedPath.Validate(o.Spec.Controller, path, errors);
        if (o.Spec.Parameters is not { } parameters)
            return;
        path = Paths.Spec.Child("parameters");
        if (parameters.ApiGroup is not null)
            errors.Invalid(path.Child("apiGroup"), parameters.ApiGroup, ValidationRules.Dns1123Subdomain(parameters.ApiGroup));
        References.KindAndName(parameters.Kind, parameters.Name, path, errors);
        if (parameters.Scope is null)
            errors.Required(path.Child("scope"));
        CommonRules.OptionalOneOf(parameters.Scope, path.Child("scope"), errors, "Cluster", "Namespace");
        if (parameters.Scope == "Namespace")
        {
            if (parameters.Namespace is null)
                errors.Required(path.Child("namespace"), "`parameters.scope` is set to 'Namespace'");
            else
                errors.Invalid(path.Child("namespace"), parameters.Namespace, ValidationRules.Dns1123Label(parameters.Namespace));
        }
        else if (parameters.Scope == "Cluster" && parameters.Namespace is not null)
        {
            errors.Forbidden(path.Child("namespace"), "`parameters.scope` is set to 'Cluster'");
        }
    }

    protected override void ValidateUpdate(StrategyContext c, IngressClass updated, IngressClass old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.Unchanged(updated.Spec.Controller, old.Spec.Controller, Paths.Spec.Child("controller"), errors);
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }
}
