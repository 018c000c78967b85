using Coxswain.Api.Core.V1;
using Coxswain.Api.Quotas;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>What a pod asks for as a whole: fills it in from its containers, and holds it against them.</summary>
internal static class PodResourcesValidation
{
    private static readonly string[] Supported = ["cpu", "hugepages-", "memory"];

    public static bool IsSupported(string name) => name is "cpu" or "memory" || ResourceNames.IsHugePages(name);

    /// <summary>Where a limit of the whole is given, requests that are not are the sum of the containers', or else the limit.</summary>
    public static ResourceRequirements Defaulted(PodSpec spec, ResourceRequirements whole)
    {
        if (whole.Limits.Count == 0)
            return whole;
        var requests = whole.Requests;
        foreach (var (name, sum) in PodTotals.Of(spec with { Resources = null }, static r => r.Requests))
            if (IsSupported(name) && !requests.ContainsKey(name))
                requests = requests.With(name, sum);
        foreach (var (name, limit) in whole.Limits)
            if (IsSupported(name) && !requests.ContainsKey(name))
                requests = requests.With(name, limit);
        return whole with { Requests = requests };
    }

    public static void Validate(PodSpec spec, ResourceRequirements whole, FieldPath path, FieldErrors errors)
    {
        if (!whole.Claims.IsAbsent)
            errors.Forbidden(path.Child("claims"), "claims cannot be set for Resources at pod-level");
        ResourceRequirementsValidation.Validate(whole, spec.ResourceClaims, Name, path, errors);
        foreach (var (name, sum) in CommonRules.Sorted(PodTotals.Of(spec with { Resources = null }, static r => r.Requests)))
            if (IsSupported(name) && whole.Requests.GetValueOrDefault(name) is var request && sum > request)
                errors.Invalid(path.Child("requests").Key(name), request.ToString(),
                    $"must be greater than or equal to aggregate container requests of {sum}");
        for (var i = 0; i < spec.Containers.Count; i++)
            foreach (var (name, limit) in CommonRules.Sorted(spec.Containers[i].Resources.Limits))
                if (whole.Limits.TryGetValue(name, out var most) && limit > most)
                    errors.Invalid(path.Child("containers").Index(i).Key(name).Child("limits"), limit.ToString(),
                        $"must be less than or equal to pod limits of {most}");
    }

    private static void Name(string name, FieldPath path, FieldErrors errors)
    {
        var before = errors.Count;
        ResourceNames.Valid(name, path, errors);
        if (errors.Count == before && !IsSupported(name))
            errors.NotSupported(path, name, Supported);
    }
}
