using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges requests, limits and claims of containers and pods.</summary>
internal static class ResourceRequirementsValidation
{
    /// <summary>Those of a container.</summary>
    public static void Validate(ResourceRequirements requirements, ApiList<PodResourceClaim> podClaims, FieldPath path, FieldErrors errors) =>
        Validate(requirements, podClaims, ResourceNames.ValidForContainer, path, errors);

    /// <param name="validName">Which names of resources may be used.</param>
    public static void Validate(
        ResourceRequirements requirements, ApiList<PodResourceClaim> podClaims, Action<string, FieldPath, FieldErrors> validName,
        FieldPath path, FieldErrors errors)
    {
        if (requirements is { Limits.Count: 0, Requests.Count: 0, Claims.Count: 0 })
            return;
        var (limits, requests) = (path.Child("limits"), path.Child("requests"));
        var (computes, hugePages) = (false, false);
        foreach (var (name, quantity) in CommonRules.Sorted(requirements.Limits))
        {
            var key = limits.Key(name);
            validName(name, key, errors);
            ResourceNames.Amount(name, quantity, key, errors);
            computes |= name is "cpu" or "memory";
            hugePages |= HugePages(name, quantity, key, errors);
        }

        foreach (var (name, quantity) in CommonRules.Sorted(requirements.Requests))
        {
            var key = requests.Key(name);
            validName(name, key, errors);
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
            errors.Invalid(path, quantity.ToString(), $"{quantity} is not positive integer multiple of {name}");
        return true;
    }

    private static void Claims(ApiList<ResourceClaim> claims, ApiList<PodResourceClaim> podClaims, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < claims.Count; i++)
        {
            var (claim, at) = (claims[i], path.Index(i));
            if (claim.Name.Length == 0)
            {
                errors.Required(at);
                continue;
            }

            Once(claim, seen, at, errors);
            if (podClaims.Any(podClaim => podClaim.Name == claim.Name))
                continue;
            var names = podClaims.Select(podClaim => podClaim.Name).Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal).ToList();
            errors.Add(new FieldError(FieldErrorType.NotFound, at.ToString(), claim.Name,
                "must be one of the names in pod.spec.resourceClaims" + (names.Count == 0 ? " which is empty" : ": " + string.Join(", ", names))));
        }
    }

    /// <summary>A claim is named once as a whole, or once by each of its requests.</summary>
    private static void Once(ResourceClaim claim, HashSet<string> seen, FieldPath path, FieldErrors errors)
    {
        if (seen.Contains(claim.Name))
        {
            errors.Duplicate(path, claim.Name);
            return;
        }

        var key = claim.Name;
        if (claim.Request.Length > 0)
        {
            errors.Invalid(path.Child("request"), claim.Request, ValidationRules.Dns1123Label(claim.Request));
            key = $"{claim.Name}/{claim.Request}";
        }

        if (seen.Contains(key))
            errors.Duplicate(path, key);
        else if (claim.Request.Length == 0)
            foreach (var before in seen)
                if (before.StartsWith(claim.Name + "/", StringComparison.Ordinal))
                    errors.Duplicate(path, claim.Name);
        seen.Add(key);
    }
}
