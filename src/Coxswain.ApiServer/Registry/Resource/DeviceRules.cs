using Coxswain.Api;
using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Expressions;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>What claims, classes and slices share.</summary>
internal static class DeviceRules
{
    public const int MaxConfigs = 32;
    public const int MaxParameterBytes = 10 * 1024;
    private const int MaxSelectors = 32;
    private const int MaxExpressionBytes = 10 * 1024;
    private const int MaxBindingConditions = 4;

    private static readonly string[] TaintEffects = ["NoExecute", "NoSchedule", "None"];

    public static void Selectors(ApiList<DeviceSelector> selectors, FieldPath path, FieldErrors errors) =>
        ListRules.Each(selectors, MaxSelectors, path, errors, (selector, at) =>
        {
            if (selector.Cel is not { } cel)
                errors.Required(at.Child("cel"));
            else if (cel.Expression.Length > MaxExpressionBytes)
                errors.TooLong(at.Child("cel").Child("expression"), MaxExpressionBytes);
            else if (DeviceEnvironment.Problem(cel.Expression) is { } problem)
                errors.Invalid(at.Child("cel").Child("expression"), cel.Expression, problem);
        });

    public static void Configuration(OpaqueDeviceConfiguration? opaque, FieldPath path, FieldErrors errors)
    {
        var at = path.Child("opaque");
        if (opaque is null)
        {
            errors.Required(at);
            return;
        }

        DeviceNames.Driver(opaque.Driver, at.Child("driver"), errors);
        DeviceNames.Opaque(opaque.Parameters, MaxParameterBytes, at.Child("parameters"), errors);
    }

    public static void Tolerations(ApiList<DeviceToleration> tolerations, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < tolerations.Count; i++)
        {
            var (toleration, at) = (tolerations[i], path.Index(i));
            if (toleration.Key.Length > 0)
                LabelValidation.LabelName(toleration.Key, at.Child("key"), errors);
            switch (toleration.Operator)
            {
                case "Exists":
                    if (toleration.Value.Length > 0)
                        errors.Invalid(at.Child("value"), toleration.Value, "must be empty for operator `Exists`");
                    break;
                case "Equal":
                    errors.Invalid(at.Child("value"), toleration.Value, ValidationRules.LabelValue(toleration.Value));
                    break;
                default:
                    CommonRules.OneOf(toleration.Operator, at.Child("operator"), errors, "Equal", "Exists");
                    break;
            }

            if (toleration.Effect.Length > 0)
                CommonRules.OneOf(toleration.Effect, at.Child("effect"), errors, TaintEffects);
        }
    }

    public static void Taint(DeviceTaint taint, FieldPath path, FieldErrors errors)
    {
        LabelValidation.LabelName(taint.Key, path.Child("key"), errors);
        errors.Invalid(path.Child("value"), taint.Value, ValidationRules.LabelValue(taint.Value));
        CommonRules.OneOf(taint.Effect, path.Child("effect"), errors, TaintEffects);
    }

    /// <summary>What must be true, or must not, before a pod is bound: both lists or none, without a word in common.</summary>
    public static void BindingConditions(ApiList<string> wanted, ApiList<string> failures, FieldPath path, FieldErrors errors)
    {
        var (wantedPath, failurePath) = (path.Child("bindingConditions"), path.Child("bindingFailureConditions"));
        ListRules.Each(wanted, MaxBindingConditions, wantedPath, errors, (name, at) => LabelValidation.LabelName(name, at, errors));
        ListRules.Each(failures, MaxBindingConditions, failurePath, errors, (name, at) => LabelValidation.LabelName(name, at, errors));
        for (var i = 1; i < wanted.Count; i++)
            if (wanted.AsSpan()[..i].Contains(wanted[i]))
                errors.Duplicate(wantedPath.Index(i), wanted[i]);
        for (var i = 0; i < failures.Count; i++)
        {
            if (failures.AsSpan()[..i].Contains(failures[i]))
                errors.Duplicate(failurePath.Index(i), failures[i]);
            if (wanted.AsSpan().Contains(failures[i]))
                errors.Invalid(failurePath.Index(i), failures[i], "bindingFailureConditions must not overlap with bindingConditions");
        }

        if (wanted.Count == 0 && failures.Count > 0)
            errors.Invalid(wantedPath, wanted, "bindingConditions are required to use bindingFailureConditions");
        if (failures.Count == 0 && wanted.Count > 0)
            errors.Invalid(failurePath, failures, "bindingFailureConditions are required to use bindingConditions");
    }
}
