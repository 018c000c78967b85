using System.Diagnostics.CodeAnalysis;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.Selectors;

/// <summary>A set of demands on labels that must all be met. Immutable.</summary>
public sealed class Selector
{
    private readonly IReadOnlyList<LabelRequirement>? _requirements;

    private Selector(IReadOnlyList<LabelRequirement>? requirements) => _requirements = requirements;

    /// <summary>Matches whatever labels.</summary>
    public static Selector Everything { get; } = new([]);

    /// <summary>Matches nothing, whatever the labels.</summary>
    public static Selector Nothing { get; } = new(null);

    public bool IsEverything => _requirements is { Count: 0 };

    public bool IsNothing => _requirements is null;

    /// <summary>In order of keys; empty for <see cref="Everything"/> and <see cref="Nothing"/>.</summary>
    public IReadOnlyList<LabelRequirement> Requirements => _requirements ?? [];

    /// <summary>Reads the text of a <c>labelSelector</c> parameter: <c>app=a,tier in (x,y),!old</c>. An empty text matches everything.</summary>
    /// <exception cref="FormatException">The message is upstream's.</exception>
    public static Selector Parse(string text) =>
        TryParse(text, out var selector, out var error) ? selector : throw new FormatException(error);

    /// <param name="error">Why not, in upstream's words.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Selector? selector, [NotNullWhen(false)] out string? error)
    {
        var requirements = new SelectorParser(text).Parse(out error);
        selector = requirements is null ? null : Of(requirements);
        return selector is not null;
    }

    /// <summary>The selector of an object: absent matches nothing, empty matches everything.</summary>
    /// <exception cref="FormatException">An operator or value that cannot be; validation keeps such an object out.</exception>
    public static Selector From(LabelSelector? selector) =>
        TryFrom(selector, out var result, out var error) ? result : throw new FormatException(error);

    public static bool TryFrom(LabelSelector? selector, [NotNullWhen(true)] out Selector? result, [NotNullWhen(false)] out string? error)
    {
        result = null;
        error = null;
        if (selector is null)
        {
            result = Nothing;
            return true;
        }

        var requirements = new List<LabelRequirement>(selector.MatchLabels.Count + selector.MatchExpressions.Count);
        foreach (var (key, value) in selector.MatchLabels)
        {
            if (!LabelRequirement.TryCreate(key, LabelOperator.In, [value], true, out var requirement, out error))
                return false;
            requirements.Add(requirement);
        }

        foreach (var expression in selector.MatchExpressions)
        {
            if (!TryOperator(expression.Operator, out var op))
            {
                error = $"{GoText.Quote(expression.Operator)} is not a valid label selector operator";
                return false;
            }

            if (!LabelRequirement.TryCreate(expression.Key, op, [.. expression.Values.Distinct()], false, out var requirement, out error))
                return false;
            requirements.Add(requirement);
        }

        result = Of(requirements);
        return true;
    }

    /// <summary>All these labels with exactly these values (the selector of a Service). An empty map matches everything.</summary>
    public static Selector FromLabels(ApiMap<string> labels) =>
        Of([.. labels.Select(label => LabelRequirement.Exactly(label.Key, label.Value))]);

    /// <summary>A selector of these demands, which must all be met.</summary>
    public static Selector FromRequirements(IEnumerable<LabelRequirement> requirements) => Of([.. requirements]);

    public bool Matches(ApiMap<string> labels)
    {
        if (_requirements is null)
            return false;

        foreach (var requirement in _requirements)
        {
            if (!requirement.Matches(labels))
                return false;
        }

        return true;
    }

    /// <summary>The text, which <see cref="Parse"/> reads back.</summary>
    public override string ToString() => string.Join(',', Requirements);

    private static Selector Of(List<LabelRequirement> requirements)
    {
        if (requirements.Count == 0)
            return Everything;
        return new([.. requirements.OrderBy(requirement => requirement.Key, StringComparer.Ordinal)]);
    }

    private static bool TryOperator(string name, out LabelOperator op)
    {
        switch (name)
        {
            case "In": op = LabelOperator.In; return true;
            case "NotIn": op = LabelOperator.NotIn; return true;
            case "Exists": op = LabelOperator.Exists; return true;
            case "DoesNotExist": op = LabelOperator.DoesNotExist; return true;
            default: op = default; return false;
        }
    }
}
