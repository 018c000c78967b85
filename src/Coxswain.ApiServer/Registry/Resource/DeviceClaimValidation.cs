using Coxswain.Api;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>Judges what devices a claim asks for, its own or that of a template.</summary>
internal static class DeviceClaimValidation
{
    public const int MaxRequests = 32;
    private const int MaxConstraints = 32;
    private const int MaxAlternatives = 8;
    private const string OneKind = "exactly one of `exactly` or `firstAvailable` is required";

    public static void Validate(DeviceClaim claim, FieldPath path, FieldErrors errors)
    {
        var names = new DeviceRequestNames(claim);
        ListRules.Set(claim.Requests, MaxRequests, request => request.Name, path.Child("requests"), errors,
            (request, at) => Request(request, at, errors));
        ListRules.Each(claim.Constraints, MaxConstraints, path.Child("constraints"), errors,
            (constraint, at) => Constraint(constraint, names, at, errors));
        ListRules.Each(claim.Config, DeviceRules.MaxConfigs, path.Child("config"), errors, (config, at) =>
        {
            References(config.Requests, names, at.Child("requests"), errors);
            DeviceRules.Configuration(config.Opaque, at, errors);
        });
    }

    public static void References(ApiList<string> requests, DeviceRequestNames names, FieldPath path, FieldErrors errors) =>
        ListRules.Set(requests, MaxRequests, name => name, path, errors, (name, at) => names.Reference(name, at, errors));

    private static void Request(DeviceRequest request, FieldPath path, FieldErrors errors)
    {
        DeviceNames.Label(request.Name, path.Child("name"), errors);
        switch (request.Exactly, request.FirstAvailable.Count)
        {
            case (null, 0):
                errors.Required(path, OneKind);
                break;
            case (not null, > 0):
                errors.Invalid(path, "null", OneKind + ", but multiple fields are set");
                break;
            case ({ } exactly, _):
                Wish(exactly, path.Child("exactly"), errors);
                break;
            default:
                ListRules.Set(request.FirstAvailable, MaxAlternatives, alternative => alternative.Name, path.Child("firstAvailable"), errors,
                    (alternative, at) =>
                    {
                        DeviceNames.Label(alternative.Name, at.Child("name"), errors);
                        Wish(AsExact(alternative), at, errors);
                    });
                break;
        }
    }

    private static void Wish(ExactDeviceRequest wish, FieldPath path, FieldErrors errors)
    {
        DeviceNames.Class(wish.DeviceClassName, path.Child("deviceClassName"), errors);
        DeviceRules.Selectors(wish.Selectors, path.Child("selectors"), errors);
        switch (wish.AllocationMode)
        {
            case "All":
                if (wish.Count != 0)
                    errors.Invalid(path.Child("count"), wish.Count, "must not be specified when allocationMode is 'All'");
                break;
            case "ExactCount":
                if (wish.Count <= 0)
                    errors.Invalid(path.Child("count"), wish.Count, "must be greater than zero");
                break;
            default:
                errors.NotSupported(path.Child("allocationMode"), wish.AllocationMode, "All", "ExactCount");
                break;
        }

        DeviceRules.Tolerations(wish.Tolerations, path.Child("tolerations"), errors);
    }

    private static ExactDeviceRequest AsExact(DeviceSubRequest alternative) => new()
    {
        DeviceClassName = alternative.DeviceClassName,
        Selectors = alternative.Selectors,
        AllocationMode = alternative.AllocationMode,
        Count = alternative.Count,
        Tolerations = alternative.Tolerations,
        Capacity = alternative.Capacity,
    };

    private static void Constraint(DeviceConstraint constraint, DeviceRequestNames names, FieldPath path, FieldErrors errors)
    {
        References(constraint.Requests, names, path.Child("requests"), errors);
        if (constraint.MatchAttribute is { } match)
            DeviceNames.FullyQualified(match, path.Child("matchAttribute"), errors);
        else if (constraint.DistinctAttribute is { } distinct)
            DeviceNames.FullyQualified(distinct, path.Child("distinctAttribute"), errors);
        else
            errors.Required(path, "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set");
    }
}
