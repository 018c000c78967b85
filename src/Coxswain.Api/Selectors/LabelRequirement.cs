using System.Globalization;
using Coxswain.Api.Validation;

namespace Coxswain.Api.Selectors;

/// <summary>One demand on one label. Immutable.</summary>
public sealed class LabelRequirement
{
    private readonly long _bound;
    private readonly bool _isEquality;

    private LabelRequirement(string key, LabelOperator op, IReadOnlyList<string> values, long bound, bool isEquality)
    {
        _isEquality = isEquality;
        Key = key;
        Operator = op;
        Values = values;
        _bound = bound;
    }

    public string Key { get; }

    public LabelOperator Operator { get; }

    /// <summary>Without duplicates; sorted where they came from a selector's text.</summary>
    public IReadOnlyList<string> Values { get; }

    /// <summary>False with upstream's message where key, operator and values do not fit.</summary>
    /// <param name="isEquality">Whether it is written with an equals sign rather than as a set.</param>
    internal static bool TryCreate(
        string key, LabelOperator op, IReadOnlyList<string> values, bool isEquality, out LabelRequirement requirement, out string error)
    {
        requirement = null!;
        error = KeyError(key) ?? CountError(op, values.Count) ?? "";
        if (error.Length > 0)
            return false;

        var bound = 0L;
        if (op is LabelOperator.GreaterThan or LabelOperator.LessThan
            && !long.TryParse(values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out bound))
        {
            error = "for 'Gt', 'Lt' operators, the value must be an integer";
            return false;
        }

        foreach (var value in values)
        {
            var messages = ValidationRules.LabelValue(value);
            if (messages.Count > 0)
            {
                error = $"invalid label value: {GoText.Quote(value)}: at key: {GoText.Quote(key)}: {string.Join("; ", messages)}";
                return false;
            }
        }

        requirement = new(key, op, values, bound, isEquality);
        return true;
    }

    /// <summary>The label has exactly this value. Nothing is checked: a value that no label can have never matches.</summary>
    internal static LabelRequirement Exactly(string key, string value) => new(key, LabelOperator.In, [value], 0, true);

    internal static string? KeyError(string key)
    {
        var messages = ValidationRules.QualifiedName(key);
        return messages.Count == 0 ? null : $"invalid label key {GoText.Quote(key)}: {string.Join("; ", messages)}";
    }

    public bool Matches(ApiMap<string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelOperator.In => present && Values.Contains(value!),
            LabelOperator.NotIn => !present || !Values.Contains(value!),
            LabelOperator.Exists => present,
            LabelOperator.DoesNotExist => !present,
            _ => present && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && (Operator == LabelOperator.GreaterThan ? number > _bound : number < _bound),
        };
    }

    /// <summary>The requirement in the grammar of selectors.</summary>
    public override string ToString() => Operator switch
    {
        LabelOperator.Exists => Key,
        LabelOperator.DoesNotExist => "!" + Key,
        LabelOperator.GreaterThan => $"{Key}>{Values[0]}",
        LabelOperator.LessThan => $"{Key}<{Values[0]}",
        LabelOperator.In when _isEquality => $"{Key}={Values[0]}",
        LabelOperator.In => $"{Key} in ({Set})",
        _ when _isEquality => $"{Key}!={Values[0]}",
        _ => $"{Key} notin ({Set})",
    };

    private string Set => string.Join(',', Values.Order(StringComparer.Ordinal));

    private static string? CountError(LabelOperator op, int count) => op switch
    {
        LabelOperator.In or LabelOperator.NotIn when count == 0 => "for 'in', 'notin' operators, values set can't be empty",
        LabelOperator.Exists or LabelOperator.DoesNotExist when count != 0 => "values set must be empty for exists and does not exist",
        LabelOperator.GreaterThan or LabelOperator.LessThan when count != 1 => "for 'Gt', 'Lt' operators, exactly one value is required",
        _ => null,
    };
}
