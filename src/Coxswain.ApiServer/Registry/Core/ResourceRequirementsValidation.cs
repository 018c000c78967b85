using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges requests, limits and claims of containers and pods.</summary>
internal static class ResourceRequirementsValidation
{
    public static void Validate(
        ResourceRequirements requirements, ApiList<PodResourceClaim> podClaims, FieldPath path, FieldErrors errors)
    {
        if (requirements is { Limits.Count: 0, Requests.Count: 0, Claims.Count: 0 })
            return;
        var (limits, requests) = (path.Child("limits"), path.Child("requests"));
        var (computes, hugePages) = (false, false);
        foreach (var (name, quantity) in CommonRules.Sorted(requirements.Limits))
        {
            var key = limits.Key(name);
            ResourceNames.ValidForContainer(name, key, errors);
            ResourceNames.Amount(name, quantity, key, errors);
            computes |= name is "cpu" or "memory";
            hugePages |= HugePages(name, quantity, key, errors);
        }

        foreach (var (name, quantity) in CommonRules.Sorted(requirements.Requests))
        {
            var key = requests.Key(name);
            ResourceNames.ValidForContainer(name, key, errors);
            ResourceNames.Amount(name, quantity, key, errors);
            RequestWithinLimit(name, quantity, requirements.Limits, requests, limits, errors);
            computes |= name is "cpu" or "memory";
            hugePages |= HugePages(name, quantity, key, errors);
        }

        if (hugePages && !computes)
            errors.Forbidden(path, "HugePages require cpu or memory");
        Claims(requirements.Claims, podClaims, path.Child("claims"), errors);
    }

    private static void RequestWithinLimit(
        string name, Quantity quantity, ApiMap<Quantity> all, FieldPath requests, FieldPath limits, FieldErrors errors)
    {
        if (all.TryGetValue(name, out var limit))
        {
            if (quantity != limit && !ResourceNames.IsOvercommitAllowed(name))
                errors.Invalid(requests, quantity.ToString(), $"must be equal to {name} limit");
            else if (quantity > limit)
                errors.Invalid(requests, quantity.ToString(), $"must be less than or equal to {name} limit");
        }
        else if (!ResourceNames.IsOvercommitAllowed(name))
        {
            errors.Required(limits, "Limit must be set for non overcommitable resources");
        }
    }

    private static bool HugePages(string name, Quantity quantity, FieldPath path, FieldErrors errors)
    {
        if (!ResourceNames.IsHugePages(name))
            return false;
        if (Quantity.TryParse(name.AsSpan("hugepages-".Length), out var page) && page.Value > 0 && quantity.Value % page.Value != 0)
            errors.Invalid(path, quantity.ToString(), $"{quantity} is not positive integer multiple of {page}");
        return true;
    }

    private static void Claims(ApiList<ResourceClaim> claims, ApiList<PodResourceClaim> podClaims, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < claims.Count; i++)
        {
            var claim = claims[i];
            if (claim.Name.Length == 0)
            {
                errors.Required(path.Index(i));
                continue;
            }

            if (claim.Request.Length > 0)
                errors.Invalid(path.Index(i).Child("request"), claim.Request, ValidationRules.Dns1123Label(claim.Request));
            for (var j = 0; j < i; j++)
                if (claims[j].Name == claim.Name && (claims[j].Request == claim.Request || claims[j].Request.Length == 0 || claim.Request.Length == 0))
                {
                    errors.Duplicate(path.Index(i), claim.Request.Length == 0 ? claim.Name : $"{claim.Name}/{claim.Request}");
                    break;
                }

            var known = false;
            foreach (var podClaim in podClaims)
                known |= podClaim.Name == claim.Name;
            if (!known)
                errors.NotFound(path.Index(i), claim.Name);
        }
    }
}
