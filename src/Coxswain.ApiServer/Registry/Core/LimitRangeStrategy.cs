using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of limit ranges.</summary>
internal sealed class LimitRangeStrategy : Strategy<LimitRange>
{
    private static readonly FieldPath Limits = Paths.Spec.Child("limits");

    public override bool AllowCreateOnUpdate => true;

    protected override LimitRange Default(LimitRange o)
    {
        var limits = o.Spec.Limits;
        for (var i = 0; i < limits.Count; i++)
            if (limits[i].Type == "Container")
                limits = limits.SetItem(i, Filled(limits[i]));
        return o with { Spec = o.Spec with { Limits = limits } };
    }

    protected override void ValidateObject(StrategyContext c, LimitRange o, FieldErrors errors)
    {
        for (var i = 0; i < o.Spec.Limits.Count; i++)
        {
            var item = o.Spec.Limits[i];
            var at = Limits.Index(i);
            var messages = ValidationRules.QualifiedName(item.Type);
            errors.Invalid(at.Child("type"), item.Type, messages);
            if (messages.Count == 0 && !item.Type.Contains('/') && item.Type is not ("Pod" or "Container" or "PersistentVolumeClaim"))
                errors.Invalid(at.Child("type"), item.Type, "must be a standard limit type or fully qualified");
            for (var j = 0; j < i; j++)
                if (o.Spec.Limits[j].Type == item.Type)
                {
                    errors.Duplicate(at.Child("type"), item.Type);
                    break;
                }

            Item(item, at, errors);
        }
    }

    private static void Item(LimitRangeItem item, FieldPath path, FieldErrors errors)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        Names(item.Max, "max");
        Names(item.Min, "min");
        if (item.Type == "Pod")
        {
            if (item.Default.Count > 0)
                errors.Forbidden(path.Child("default"), "may not be specified when `type` is 'Pod'");
            if (item.DefaultRequest.Count > 0)
                errors.Forbidden(path.Child("defaultRequest"), "may not be specified when `type` is 'Pod'");
        }
        else
        {
            Names(item.Default, "default");
            Names(item.DefaultRequest, "defaultRequest");
        }

        if (item.Type == "PersistentVolumeClaim" && !item.Min.ContainsKey("storage") && !item.Max.ContainsKey("storage"))
            errors.Required(path.Child("limits"), "either minimum or maximum storage value is required, but neither was provided");
        Names(item.MaxLimitRequestRatio, "maxLimitRequestRatio");
        foreach (var name in names)
            Order(item, name, path, errors);

        void Names(ApiMap<Quantity> map, string field)
        {
            foreach (var (name, _) in CommonRules.Sorted(map))
            {
                names.Add(name);
                if (item.Type is "Pod" or "Container")
                    ResourceNames.ValidForContainer(name, path.Child(field).Key(name), errors);
                else
                    ResourceNames.Valid(name, path.Child(field).Key(name), errors);
            }
        }
    }

    private static void Order(LimitRangeItem item, string name, FieldPath path, FieldErrors errors)
    {
        var min = Value(item.Min, name);
        var max = Value(item.Max, name);
        var request = Value(item.DefaultRequest, name);
        var limit = Value(item.Default, name);
        var ratio = Value(item.MaxLimitRequestRatio, name);
        Greater(min, max, "min", "min value {0} is greater than max value {1}");
        Greater(min, request, "defaultRequest", "min value {0} is greater than default request value {1}", useSecond: true);
        Greater(request, max, "defaultRequest", "default request value {0} is greater than max value {1}");
        Greater(request, limit, "defaultRequest", "default request value {0} is greater than default limit value {1}");
        Greater(min, limit, "default", "min value {0} is greater than default value {1}");
        Greater(limit, max, "default", "default value {0} is greater than max value {1}", useSecond: true);
        if (ratio is { } factor && factor < Quantity.FromValue(1))
            errors.Invalid(path.Child("maxLimitRequestRatio").Key(name), factor, $"ratio {factor} is less than 1");
        if (ratio is { } r && min is { IsZero: false } low && max is { } high)
        {
            var possible = high.ToDouble() / low.ToDouble();
            if (r.ToDouble() > possible)
                errors.Invalid(path.Child("maxLimitRequestRatio").Key(name), r,
                    FormattableString.Invariant($"ratio {r} is greater than max/min = {possible:F6}"));
        }

        // Extended resources, which are never overcommitted, have one default.
        if (!ResourceNames.IsOvercommitAllowed(name) && limit is not null && request is not null && limit != request)
            errors.Invalid(path.Child("defaultRequest").Key(name), request, $"default value {limit} must equal to defaultRequest value {request} in {name}");

        void Greater(Quantity? a, Quantity? b, string field, string words, bool useSecond = false)
        {
            if (a is { } left && b is { } right && left > right)
                errors.Invalid(path.Child(field).Key(name), useSecond ? right : left,
                    string.Format(System.Globalization.CultureInfo.InvariantCulture, words, left, right));
        }
    }

    private static Quantity? Value(ApiMap<Quantity> map, string name) => map.TryGetValue(name, out var value) ? value : null;

    private static LimitRangeItem Filled(LimitRangeItem item)
    {
        var limits = Merged(item.Default, item.Max);
        return item with { Default = limits, DefaultRequest = Merged(Merged(item.DefaultRequest, limits), item.Min) };
    }

    private static ApiMap<Quantity> Merged(ApiMap<Quantity> map, ApiMap<Quantity> more)
    {
        foreach (var (name, value) in more)
            if (!map.ContainsKey(name))
                map = map.With(name, value);
        return map;
    }
}
