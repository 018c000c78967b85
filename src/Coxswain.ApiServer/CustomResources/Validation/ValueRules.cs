using System.Text.Json;
using System.Text.RegularExpressions;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Cel;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>Judges values by a schema: types, ranges, patterns, required members, and combinations of schemas.</summary>
/// <remarks>Made once for a schema; immutable and safe to share. Errors come in the order in which upstream finds them: type,
/// combinations, text, format, number, list, enumeration, object.</remarks>
internal sealed class ValueRules
{
    private readonly JSONSchemaProps _schema;
    private readonly string[] _types;
    private readonly string _format;
    private readonly Regex? _pattern;
    private readonly JsonElement[] _enum;
    private readonly string[] _enumTexts;
    private readonly ValueRules[] _allOf;
    private readonly ValueRules[] _anyOf;
    private readonly ValueRules[] _oneOf;
    private readonly ValueRules? _not;
    private readonly ValueRules? _items;
    private readonly ValueRules? _additional;
    private readonly Dictionary<string, ValueRules> _properties;

    private ValueRules(JSONSchemaProps schema)
    {
        _schema = schema;
        _types = schema.Type.Length > 0 ? [schema.Type] : schema.XIntOrString ? ["integer", "string"] : [];
        _format = KnownFormats.IsKnown(schema.Format) ? schema.Format : "";
        if (schema.Pattern.Length > 0 && Re2.TryParse(schema.Pattern, out var regex, out _))
            _pattern = regex;
        _enum = [.. schema.Enum.Select(value => JsonElement.Parse(value.Utf8))];
        _enumTexts = [.. _enum.Select(value => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText())];
        _allOf = [.. schema.AllOf.Select(Of)];
        _anyOf = [.. schema.AnyOf.Select(Of)];
        _oneOf = [.. schema.OneOf.Select(Of)];
        _not = schema.Not is { } not ? new(not) : null;
        _items = schema.Items?.Schema is { } items ? new(items) : null;
        _additional = schema.AdditionalProperties?.Schema is { } additional ? new(additional) : null;
        _properties = schema.Properties.ToDictionary(property => property.Key, property => new ValueRules(property.Value), StringComparer.Ordinal);
    }

    public static ValueRules Of(JSONSchemaProps schema) => new(schema);

    /// <summary>The rules of a member of the object, or null.</summary>
    public ValueRules? Property(string name) => _properties.GetValueOrDefault(name);

    /// <summary>Judges a value.</summary>
    /// <param name="old">The value before an update at the same place: what has not changed is not judged again.</param>
    /// <param name="path">Where the value stands, as messages name it; empty for the root.</param>
    public void Validate(JsonElement value, JsonElement? old, string path, ValueFindings findings)
    {
        if (old is { } before && JsonElement.DeepEquals(value, before))
            return;
        findings.Judged++;
        if (!ValidateType(value, path, findings) && value.ValueKind == JsonValueKind.Null)
            return;
        if (value.ValueKind == JsonValueKind.Null)
        {
            ValidateEnum(value, path, findings);
            return;
        }

        ValidateCombinations(value, path, findings);
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                ValidateText(value.GetString()!, path, findings);
                break;
            case JsonValueKind.Number:
                ValidateNumber(value, path, findings);
                break;
            case JsonValueKind.Array:
                ValidateList(value, old, path, findings);
                break;
        }

        ValidateEnum(value, path, findings);
        if (value.ValueKind == JsonValueKind.Object)
            ValidateObject(value, old, path, findings);
    }

    private bool ValidateType(JsonElement value, string path, ValueFindings findings)
    {
        if (_types.Length == 0 && _format.Length == 0)
            return true;
        if (value.ValueKind == JsonValueKind.Null)
        {
            if (_types.Length == 0 || _schema.Nullable)
                return true;
            findings.WrongType(path, string.Join(',', _types), "null");
            return false;
        }

        var (type, format) = value.ValueKind switch
        {
            JsonValueKind.String => ("string", ""),
            JsonValueKind.True or JsonValueKind.False => ("boolean", ""),
            JsonValueKind.Array => ("array", ""),
            JsonValueKind.Object => ("object", ""),
            _ => value.TryGetInt64(out _) ? ("integer", "int64") : ("number", "double"),
        };
        var fits = _types.Contains(type)
            || (type == "integer" && _types.Contains("number"))
            || (type == "number" && _types.Contains("integer") && value.GetDouble() == Math.Truncate(value.GetDouble()));
        var isText = value.ValueKind is JsonValueKind.String or JsonValueKind.Array;
        if (!isText && _format.Length > 0 && !fits)
        {
            findings.WrongType(path, _format, format);
            return false;
        }

        if (isText && _format.Length > 0 && !_types.Contains("number") && !_types.Contains("integer"))
            return true;
        if (fits || _types.Length == 0)
            return true;
        findings.WrongType(path, string.Join(',', _types), type);
        return false;
    }

    private void ValidateCombinations(JsonElement value, string path, ValueFindings findings)
    {
        if (_anyOf.Length > 0)
        {
            var (matches, best) = Try(_anyOf, value, path, stopsAtFirst: true, findings);
            if (matches == 0)
            {
                findings.Unplaced($"{Quoted(path)} must validate at least one schema (anyOf)");
                findings.Add(best);
            }
        }

        if (_oneOf.Length > 0)
        {
            var (matches, best) = Try(_oneOf, value, path, stopsAtFirst: false, findings);
            if (matches != 1)
            {
                findings.Unplaced($"{Quoted(path)} must validate one and only one schema (oneOf). "
                    + (matches == 0 ? "Found none valid" : $"Found {matches} valid alternatives"));
                findings.Add(best);
            }
        }

        if (_allOf.Length > 0)
        {
            var valid = 0;
            foreach (var rules in _allOf)
            {
                var inner = new ValueFindings();
                rules.Validate(value, null, path, inner);
                valid += inner.IsClean ? 1 : 0;
                findings.Add(inner);
            }

            if (valid != _allOf.Length)
                findings.Unplaced($"{Quoted(path)} must validate all the schemas (allOf){(valid == 0 ? ". None validated" : "")}");
        }

        if (_not is not null)
        {
            var inner = new ValueFindings();
            _not.Validate(value, null, path, inner);
            if (inner.IsClean)
                findings.Unplaced($"{Quoted(path)} must not validate the schema (not)");
        }
    }

    /// <summary>How many of the schemas accept the value, and what the one says that came furthest of those that refuse it.</summary>
    private static (int Matches, ValueFindings? Best) Try(
        ValueRules[] schemas, JsonElement value, string path, bool stopsAtFirst, ValueFindings findings)
    {
        var matches = 0;
        ValueFindings? best = null;
        foreach (var rules in schemas)
        {
            var inner = new ValueFindings();
            rules.Validate(value, null, path, inner);
            findings.Judged += inner.Judged;
            if (inner.IsClean)
            {
                best = null;
                matches++;
                if (stopsAtFirst)
                    break;
            }
            else if (matches == 0 && (best is null || inner.Judged > best.Judged))
            {
                best = inner;
            }
        }

        return (matches, best);
    }

    private void ValidateText(string text, string path, ValueFindings findings)
    {
        if (_schema.MaxLength is { } max && Length(text) > max)
            findings.TooLong(path, max);
        else if (_schema.MinLength is { } min && Length(text) < min)
            findings.Wrong(path, text, $"{path} in body should be at least {min} chars long");
        else if (_pattern is not null && !_pattern.IsMatch(text))
            findings.Wrong(path, text, $"{path} in body should match '{_schema.Pattern}'");
        if (_format.Length > 0 && !KnownFormats.Accepts(_format, text))
            findings.WrongFormat(path, _format, text);
    }

    private static int Length(string text) => text.EnumerateRunes().Count();

    private void ValidateNumber(JsonElement value, string path, ValueFindings findings)
    {
        var number = value.GetDouble();
        object shown = value.TryGetInt64(out var whole) ? whole : number;
        if (_schema.MultipleOf is { } factor && factor > 0 && !IsMultiple(number, factor))
            findings.Wrong(path, shown, $"{path} in body should be a multiple of {GoFloat.Format(factor)}");
        if (_schema.Maximum is { } max && (_schema.ExclusiveMaximum ? number >= max : number > max))
            findings.Wrong(path, shown, $"{path} in body should be less than {(_schema.ExclusiveMaximum ? "" : "or equal to ")}{GoFloat.Format(max)}");
        if (_schema.Minimum is { } min && (_schema.ExclusiveMinimum ? number <= min : number < min))
            findings.Wrong(path, shown, $"{path} in body should be greater than {(_schema.ExclusiveMinimum ? "" : "or equal to ")}{GoFloat.Format(min)}");
    }

    private static bool IsMultiple(double number, double factor)
    {
        var times = factor < 1 ? 1 / factor * number : number / factor;
        return times == Math.Truncate(times);
    }

    private void ValidateList(JsonElement list, JsonElement? old, string path, ValueFindings findings)
    {
        var count = list.GetArrayLength();
        if (_items is not null)
        {
            // The recorded answers name the list, not the item.
            var earlier = OldItems(old);
            foreach (var item in list.EnumerateArray())
                _items.Validate(item, earlier is null ? null : Find(earlier, item), path, findings);
        }

        if (_schema.MinItems is { } min && count < min)
            findings.Wrong(path, (long)count, $"{path} in body should have at least {min} items");
        if (_schema.MaxItems is { } max && count > max)
            findings.TooMany(path, count, max);
    }

    /// <summary>Items are the same as before where their keys tell so.</summary>
    private List<JsonElement>? OldItems(JsonElement? old) =>
        _schema.XListType == "map" && old is { ValueKind: JsonValueKind.Array } before ? [.. before.EnumerateArray()] : null;

    private JsonElement? Find(List<JsonElement> earlier, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var candidate in earlier)
        {
            if (candidate.ValueKind == JsonValueKind.Object && _schema.XListMapKeys.All(key => SameMember(candidate, item, key)))
                return candidate;
        }

        return null;
    }

    private static bool SameMember(JsonElement one, JsonElement other, string name)
    {
        var has = one.TryGetProperty(name, out var left);
        return has == other.TryGetProperty(name, out var right) && (!has || JsonElement.DeepEquals(left, right));
    }

    private void ValidateEnum(JsonElement value, string path, ValueFindings findings)
    {
        if (_enum.Length > 0 && !_enum.Any(allowed => JsonElement.DeepEquals(allowed, value)))
            findings.NotSupported(path, value, _enumTexts);
    }

    private void ValidateObject(JsonElement value, JsonElement? old, string path, ValueFindings findings)
    {
        var count = value.GetPropertyCount();
        if (_schema.MinProperties is { } min && count < min)
        {
            findings.Wrong(path, (long)count, $"{path} in body should have at least {min} properties");
            return;
        }

        if (_schema.MaxProperties is { } max && count > max)
        {
            findings.TooMany(path, count, max);
            return;
        }

        foreach (var name in _schema.Required)
            if (!value.TryGetProperty(name, out _))
                findings.Required(Below(path, name));
        foreach (var member in value.EnumerateObject())
        {
            var rules = _properties.GetValueOrDefault(member.Name) ?? _additional;
            if (rules is null)
            {
                if (_schema.AdditionalProperties is { Allows: false, Schema: null } && !_properties.ContainsKey(member.Name))
                    findings.Wrong(path, "", $"{path}.{member.Name} in body is a forbidden property");
                continue;
            }

            JsonElement? earlier = old is { ValueKind: JsonValueKind.Object } before && before.TryGetProperty(member.Name, out var there) ? there : null;
            rules.Validate(member.Value, earlier, Below(path, member.Name), findings);
        }
    }

    private static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Quoted(string path) => $"\"{path}\"";
}
