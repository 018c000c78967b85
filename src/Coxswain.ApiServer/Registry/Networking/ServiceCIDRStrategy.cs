using Coxswain.Api;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Networking;

/// <summary>The rules of service CIDRs.</summary>
internal sealed class ServiceCIDRStrategy : Strategy<ServiceCIDR>
{
    private static readonly FieldPath Cidrs = Paths.Spec.Child("cidrs");

    protected override ServiceCIDR WithStatusOf(ServiceCIDR o, ServiceCIDR source) => o with { Status = source.Status };

    protected override void ValidateObject(StrategyContext c, ServiceCIDR o, FieldErrors errors)
    {
        var cidrs = o.Spec.Cidrs;
        if (cidrs.Count == 0)
        {
            errors.Required(Cidrs, "at least one CIDR required");
            return;
        }

        if (cidrs.Count > 2)
        {
            errors.Invalid(Cidrs, o.Spec, "may only hold up to 2 values");
            return;
        }

        for (var i = 0; i < cidrs.Count; i++)
            Canonical(cidrs[i], Cidrs.Index(i), errors);
        if (cidrs.Count == 2 && cidrs[0].Contains(':') == cidrs[1].Contains(':'))
            errors.Invalid(Cidrs, o.Spec, "must be either a single IP family or dual-stack IP families");
    }

    private static void Canonical(string text, FieldPath path, FieldErrors errors)
    {
        var before = errors.Count;
        if (!AddressRules.Cidr(text, path, errors) || errors.Count > before || !ValidationRules.TryParseCidr(text, out var address, out var prefix))
            return;
        var canonical = FormattableString.Invariant($"{address}/{prefix}");
        if (canonical != text)
            errors.Invalid(path, text, $"must be in canonical form ({GoText.Quote(canonical)})");
    }

    protected override void ValidateUpdate(StrategyContext c, ServiceCIDR updated, ServiceCIDR old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        // A second family may be added, nothing else.
        if (old.Spec.Cidrs.Count == 1 && updated.Spec.Cidrs.Count == 2)
        {
            CommonRules.Unchanged(updated.Spec.Cidrs[0], old.Spec.Cidrs[0], Cidrs.Index(0), errors);
            ValidateObject(c, updated, errors);
        }
        else
        {
            CommonRules.Unchanged(updated.Spec.Cidrs, old.Spec.Cidrs, Cidrs, errors);
        }
    }
}
