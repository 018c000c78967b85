using Coxswain.Api;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>Judges in which amounts the capacity of a shared device can be had.</summary>
internal static class CapacityPolicyValidation
{
    private const int MaxOptions = 10;

    public static void Validate(CapacityRequestPolicy policy, Quantity capacity, FieldPath path, FieldErrors errors)
    {
        if (policy.ValidValues.Count > 0 && policy.ValidRange is not null)
        {
            errors.Forbidden(path, "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time");
            return;
        }

        if (policy.ValidValues.Count > 0)
        {
            if (policy.Default is { } chosen)
                Options(policy.ValidValues, chosen, capacity, path.Child("validValues"), errors);
            else
                errors.Required(path.Child("default"), "required when validValues is defined");
        }
        else if (policy.ValidRange is { } range)
        {
            if (policy.Default is { } chosen)
                Range(range, chosen, capacity, path.Child("validRange"), errors);
            else
                errors.Required(path.Child("default"), "required when validRange is defined");
        }
    }

    private static void Options(ApiList<Quantity> options, Quantity chosen, Quantity capacity, FieldPath path, FieldErrors errors)
    {
        for (var i = 1; i < options.Count; i++)
            if (options[i - 1] > options[i])
                errors.Invalid(path.Index(i), options[i].ToString(), "values must be sorted in ascending order");
        ListRules.Set(options, MaxOptions, option => option.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), path, errors, (option, at) =>
        {
            if (option > capacity)
                errors.Invalid(at, option.ToString(), $"option is larger than capacity value: {capacity}");
        });
        if (options.Count > MaxOptions || !options.AsSpan().Contains(chosen))
            errors.Invalid(path, chosen.ToString(), "default value is not valid according to the requestPolicy");
    }

    private static void Range(CapacityRequestPolicyRange range, Quantity chosen, Quantity capacity, FieldPath path, FieldErrors errors)
    {
        if (range.Min is not { } min)
        {
            errors.Required(path.Child("min"), "required when validRange is defined");
            return;
        }

        Above(min, capacity, "min", min, $"min is larger than capacity value: {capacity}");
        Above(min, chosen, "min", chosen, $"default is less than min: {min}");
        if (range.Max is { } max)
        {
            Above(min, max, "max", min, $"min is larger than max: {max}");
            Above(max, capacity, "max", max, $"max is larger than capacity value: {capacity}");
            Above(chosen, max, "max", chosen, $"default is more than max: {max}");
        }

        if (range.Step is not { } step)
            return;
        Above(min + step, capacity, "step", step, $"one step {min + step} is larger than capacity value: {capacity}");
        OnStep(chosen);
        if (range.Max is { } last)
            OnStep(last);

        void Above(Quantity left, Quantity right, string field, Quantity shown, string message)
        {
            if (left > right)
                errors.Invalid(path.Child(field), shown.ToString(), message);
        }

        void OnStep(Quantity value)
        {
            if (step.Value != 0 && (value.Value - min.Value) % step.Value != 0)
                errors.Invalid(path.Child("step"), value.ToString(), $"value is not a multiple of a given step ({step}) from ({min})");
        }
    }
}
