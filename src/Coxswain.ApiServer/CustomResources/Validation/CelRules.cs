using System.Text.Json;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>The rules of a schema and of all that is below it.</summary>
/// <remarks>Made once for a schema; immutable and safe to share. Rules are compiled when they are first needed.</remarks>
internal sealed class CelRules
{
    private const string OutOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";
    private const int MaxMessage = 5 * 1024;

    private readonly JSONSchemaProps _schema;
    private readonly CelType _type;
    private readonly Lazy<CelRule[]> _rules;
    private readonly Dictionary<string, CelRules> _properties;
    private readonly CelRules? _additional;
    private readonly CelRules? _items;

    private CelRules(JSONSchemaProps schema, bool isDocument)
    {
        _schema = schema;
        _type = CelTypes.Of(schema, isDocument);
        _rules = new(() => [.. schema.XValidations.Select(rule => new CelRule(rule, _type))]);
        _properties = schema.Properties.Where(property => HasRules(property.Value))
            .ToDictionary(property => property.Key, property => new CelRules(property.Value, isDocument: false), StringComparer.Ordinal);
        _additional = schema.AdditionalProperties?.Schema is { } additional && HasRules(additional) ? new(additional, isDocument: false) : null;
        _items = schema.Items?.Schema is { } items && HasRules(items) ? new(items, isDocument: false) : null;
    }

    /// <summary>Null: the schema has no rules.</summary>
    public static CelRules? Of(JSONSchemaProps schema) => HasRules(schema) ? new(schema, isDocument: true) : null;

    /// <summary>Judges a document.</summary>
    /// <param name="old">The document before an update, or null.</param>
    public void Validate(JsonElement value, JsonElement? old, string path, FieldErrors errors) =>
        Validate(value, old, path, new CostBudget(), errors);

    /// <summary>Whether a value could not be judged by rules because it is wrong in a simpler way.</summary>
    public static bool Blocks(FieldErrors errors) => errors.Any(error => error.Type
        is FieldErrorType.NotSupported or FieldErrorType.Required or FieldErrorType.TooLong or FieldErrorType.TooMany or FieldErrorType.TypeInvalid);

    private static bool HasRules(JSONSchemaProps schema) => schema.XValidations.Count > 0
        || (schema.Items?.Schema is { } items && HasRules(items))
        || (schema.AdditionalProperties?.Schema is { } additional && HasRules(additional))
        || schema.Properties.Any(property => HasRules(property.Value));

    /// <returns>False: the budget is spent.</returns>
    private bool Validate(JsonElement value, JsonElement? old, string path, CostBudget budget, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return true;
        var isSame = old is { } before && JsonElement.DeepEquals(before, value);
        foreach (var rule in _rules.Value)
        {
            // What has not changed is not judged again, but for changes themselves.
            if (isSame && !rule.UsesOldSelf)
                continue;
            if (!Judge(rule, value, old, path, budget, errors))
                return false;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Object => Members(value, old, path, budget, errors),
            JsonValueKind.Array when _items is not null => Items(value, old, path, budget, errors),
            _ => true,
        };
    }

    private bool Members(JsonElement value, JsonElement? old, string path, CostBudget budget, FieldErrors errors)
    {
        if (_properties.Count == 0 && _additional is null)
            return true;
        foreach (var member in value.EnumerateObject())
        {
            var rules = _schema.Properties.ContainsKey(member.Name) ? _properties.GetValueOrDefault(member.Name) : _additional;
            if (rules is null)
                continue;
            JsonElement? earlier = old is { ValueKind: JsonValueKind.Object } before && before.TryGetProperty(member.Name, out var there) ? there : null;
            var below = _schema.Properties.ContainsKey(member.Name) ? (path.Length == 0 ? member.Name : $"{path}.{member.Name}") : $"{path}[{member.Name}]";
            if (!rules.Validate(member.Value, earlier, below, budget, errors))
                return false;
        }

        return true;
    }

    private bool Items(JsonElement value, JsonElement? old, string path, CostBudget budget, FieldErrors errors)
    {
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (!_items!.Validate(item, Counterpart(item, old), $"{path}[{index++}]", budget, errors))
                return false;
        }

        return true;
    }

    /// <summary>Only the items of keyed lists can be found again.</summary>
    private JsonElement? Counterpart(JsonElement item, JsonElement? old)
    {
        if (_schema.XListType != "map" || old is not { ValueKind: JsonValueKind.Array } before || item.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var candidate in before.EnumerateArray())
        {
            if (candidate.ValueKind == JsonValueKind.Object && _schema.XListMapKeys.All(key => Same(candidate, item, key)))
                return candidate;
        }

        return null;
    }

    private static bool Same(JsonElement one, JsonElement other, string name)
    {
        var has = one.TryGetProperty(name, out var left);
        return has == other.TryGetProperty(name, out var right) && (!has || JsonElement.DeepEquals(left, right));
    }

    private bool Judge(CelRule rule, JsonElement value, JsonElement? old, string path, CostBudget budget, FieldErrors errors)
    {
        var isOptional = rule.Source.OptionalOldSelf == true;
        if (rule.UsesOldSelf && old is null && !isOptional)
            return true;
        var type = TypeName(value);
        var place = path.Length == 0 ? "<nil>" : path;
        if (rule.Rule.Error is { } broken)
        {
            errors.Invalid(place, type, $"rule compile error: {broken}");
            return true;
        }

        var self = CelJson.ToValue(value, _type);
        var before = old is { } earlier ? CelJson.ToValue(earlier, _type) : CelValue.Null;
        if (isOptional)
            before = old is null ? CelValue.None : CelValue.Some(before);
        CelValue Variable(string name) => name == "self" ? self : before;

        if (budget.Left <= 0)
        {
            errors.Invalid(place, type, OutOfBudget);
            return false;
        }

        var result = rule.Rule.Evaluate(Variable, budget);
        if (result.IsError)
            errors.Invalid(place, type, $"{result.AsError} evaluating rule: {rule.Words}");
        else if (!result.IsTrue)
            Refuse(rule, Variable, place, type, budget, errors);
        return true;
    }

    private static void Refuse(CelRule rule, Func<string, CelValue> variables, string place, string type, CostBudget budget, FieldErrors errors)
    {
        var words = rule.Words;
        if (rule.Message is { Error: null } expression)
        {
            var said = expression.Evaluate(variables, budget);
            if (!said.IsError && said.Kind == CelKind.String && said.AsString.Trim() is { Length: > 0 and <= MaxMessage } text && !text.Contains('\n', StringComparison.Ordinal))
                words = text;
        }

        if (rule.Source.FieldPath.Length > 0)
            place = place == "<nil>" ? rule.Source.FieldPath.TrimStart('.') : place + (rule.Source.FieldPath[0] == '.' ? "" : ".") + rule.Source.FieldPath;
        switch (rule.Source.Reason)
        {
            case "FieldValueForbidden":
                errors.Forbidden(place, words);
                break;
            case "FieldValueRequired":
                errors.Required(place, words);
                break;
            case "FieldValueDuplicate":
                errors.Add(new(FieldErrorType.Duplicate, place, type, words));
                break;
            default:
                errors.Invalid(place, type, words);
                break;
        }
    }

    private static string TypeName(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "number",
        _ => "boolean",
    };
}
