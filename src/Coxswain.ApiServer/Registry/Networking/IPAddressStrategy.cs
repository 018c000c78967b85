using Coxswain.Api.Networking.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Networking;

/// <summary>The rules of IP addresses, whose names are the addresses in canonical form.</summary>
internal sealed class IPAddressStrategy : Strategy<IPAddress>
{
    protected override NameRule NameRule => static (name, _) =>
        ValidationRules.TryParseIPAddress(name, out var address) && address.ToString() == name ? [] : ["must be a valid IP address in canonical form"];

    protected override void ValidateObject(StrategyContext c, IPAddress o, FieldErrors errors)
    {
        var path = Paths.Spec.Child("parentRef");
        if (o.Spec.ParentRef is not { } parent)
        {
            errors.Required(path);
            return;
        }

        if (parent.Group.Length > 0)
            errors.Invalid(path.Child("group"), parent.Group, ValidationRules.Dns1123Subdomain(parent.Group));
        if (parent.Resource.Length == 0)
            errors.Required(path.Child("resource"), "resource is required");
        else
            errors.Invalid(path.Child("resource"), parent.Resource, ValidationRules.PathSegmentName(parent.Resource));
        if (parent.Name.Length == 0)
            errors.Required(path.Child("name"));
        else
            errors.Invalid(path.Child("name"), parent.Name, ValidationRules.PathSegmentName(parent.Name));
        if (parent.Namespace.Length > 0)
            errors.Invalid(path.Child("namespace"), parent.Namespace, ValidationRules.PathSegmentName(parent.Namespace));
    }

    protected override void ValidateUpdate(StrategyContext c, IPAddress updated, IPAddress old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.Unchanged(updated.Spec.ParentRef, old.Spec.ParentRef, Paths.Spec.Child("parentRef"), errors);
    }
}
