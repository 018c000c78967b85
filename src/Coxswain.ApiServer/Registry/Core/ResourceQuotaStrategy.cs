using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of resource quotas.</summary>
internal sealed class ResourceQuotaStrategy : Strategy<ResourceQuota>
{
    protected override ResourceQuota WithStatusOf(ResourceQuota o, ResourceQuota source) => o with { Status = source.Status };

    protected override void ValidateObject(StrategyContext c, ResourceQuota o, FieldErrors errors)
    {
        Amounts(o.Spec.Hard, Paths.Spec.Child("hard"), errors);
        Scopes(o.Spec, errors);
        if (o.Spec.ScopeSelector is { } selector)
            ScopeSelector(selector, o.Spec, errors);
        Amounts(o.Status.Hard, Paths.Status.Child("hard"), errors);
        Amounts(o.Status.Used, Paths.Status.Child("used"), errors);
    }

    protected override void ValidateUpdate(StrategyContext c, ResourceQuota updated, ResourceQuota old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
        if (!new HashSet<string>(updated.Spec.Scopes).SetEquals(old.Spec.Scopes))
            errors.Invalid(Paths.Spec.Child("scopes"), updated.Spec.Scopes, CommonRules.Immutable);
    }

    protected override void ValidateStatus(StrategyContext c, ResourceQuota updated, ResourceQuota old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.Metadata.ResourceVersion.Length == 0)
            errors.Required("resourceVersion");
        Amounts(updated.Status.Hard, Paths.Status.Child("hard"), errors);
        Amounts(updated.Status.Used, Paths.Status.Child("used"), errors);
    }

    private static void Amounts(ApiMap<Quantity> amounts, FieldPath path, FieldErrors errors)
    {
        foreach (var (name, quantity) in CommonRules.Sorted(amounts))
        {
            ResourceNames.ValidForQuota(name, path.Key(name), errors);
            ResourceNames.Amount(name, quantity, path.Key(name), errors);
        }
    }

    private static void Scopes(ResourceQuotaSpec spec, FieldErrors errors)
    {
        var path = Paths.Spec.Child("scopes");
        foreach (var scope in spec.Scopes)
        {
            if (!QuotaScopes.IsStandard(scope))
                errors.Invalid(path, spec.Scopes, "unsupported scope");
            foreach (var (name, _) in CommonRules.Sorted(spec.Hard))
                if (ResourceNames.IsStandardQuota(name) && !QuotaScopes.Fits(scope, name))
                    errors.Invalid(path, spec.Scopes, "unsupported scope applied to resource");
        }

        Conflicts([.. spec.Scopes], spec, path, errors);
    }

    private static void Conflicts(HashSet<string> scopes, ResourceQuotaSpec spec, FieldPath path, FieldErrors errors)
    {
        if (scopes.Contains("BestEffort") && scopes.Contains("NotBestEffort"))
            errors.Invalid(path, spec.Scopes, "conflicting scopes");
        if (scopes.Contains("Terminating") && scopes.Contains("NotTerminating"))
            errors.Invalid(path, spec.Scopes, "conflicting scopes");
    }

    private static void ScopeSelector(ScopeSelector selector, ResourceQuotaSpec spec, FieldErrors errors)
    {
        var path = Paths.Spec.Child("scopeSelector").Child("matchExpressions");
        foreach (var requirement in selector.MatchExpressions)
        {
            if (!QuotaScopes.IsStandard(requirement.ScopeName))
                errors.Invalid(path.Child("scopeName"), requirement.ScopeName, "unsupported scope");
            foreach (var (name, _) in CommonRules.Sorted(spec.Hard))
                if (ResourceNames.IsStandardQuota(name) && !QuotaScopes.Fits(requirement.ScopeName, name))
                    errors.Invalid(path, selector, "unsupported scope applied to resource");
            if (requirement.ScopeName is "BestEffort" or "NotBestEffort" or "Terminating" or "NotTerminating" or "CrossNamespacePodAffinity"
                && requirement.Operator != "Exists")
                errors.Invalid(path.Child("operator"), requirement.Operator,
                    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
            if (requirement.Operator is "In" or "NotIn")
            {
                if (requirement.Values.Count == 0)
                    errors.Required(path.Child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
            }
            else if (requirement.Operator is "Exists" or "DoesNotExist")
            {
                if (requirement.Values.Count > 0)
                    errors.Invalid(path.Child("values"), requirement.Values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
            }
            else
            {
                errors.Invalid(path.Child("operator"), requirement.Operator, "not a valid selector operator");
            }
        }

        Conflicts([.. selector.MatchExpressions.Select(static requirement => requirement.ScopeName)], spec, path, errors);
    }
}
