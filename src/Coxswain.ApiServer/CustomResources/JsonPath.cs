using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>The JSONPath of printer columns: members, indexes, slices, wildcards, recursive descent, unions and filters. Missing
/// members yield nothing. Immutable and safe to share.</summary>
internal sealed class JsonPath
{
    private readonly List<Func<IEnumerable<JsonElement>, IEnumerable<JsonElement>>> _steps = [];

    private JsonPath()
    {
    }

    /// <summary>Null: the text is no path.</summary>
    public static JsonPath? TryParse(string text)
    {
        var path = new JsonPath();
        return path.Read(text.Trim()) ? path : null;
    }

    /// <summary>The values that the path leads to.</summary>
    public IEnumerable<JsonElement> Find(JsonElement root)
    {
        IEnumerable<JsonElement> values = [root];
        foreach (var step in _steps)
            values = step(values);
        return values;
    }

    private bool Read(string text)
    {
        var at = text is ['$', ..] ? 1 : 0;
        while (at < text.Length)
        {
            if (text[at] == '[')
            {
                if (!ReadBracket(text, ref at))
                    return false;
                continue;
            }

            var descends = false;
            if (text[at] == '.')
            {
                at++;
                if (at < text.Length && text[at] == '.')
                {
                    descends = true;
                    at++;
                }

                if (at == text.Length)
                    return !descends;
                if (text[at] == '[')
                {
                    if (descends)
                        _steps.Add(values => values.SelectMany(Descendants));
                    continue;
                }
            }

            var name = ReadName(text, ref at);
            if (name.Length == 0)
                return false;
            if (descends)
                _steps.Add(values => values.SelectMany(Descendants));
            _steps.Add(name == "*" ? Children : Members(name));
        }

        return true;
    }

    private static string ReadName(string text, ref int at)
    {
        var name = new StringBuilder();
        while (at < text.Length && text[at] is not ('.' or '['))
        {
            if (text[at] == '\\' && at + 1 < text.Length)
                at++;
            name.Append(text[at++]);
        }

        return name.ToString();
    }

    private bool ReadBracket(string text, ref int at)
    {
        var end = EndOfBracket(text, at);
        if (end < 0)
            return false;
        var inner = text[(at + 1)..end].Trim();
        at = end + 1;
        if (inner == "*")
        {
            _steps.Add(Children);
            return true;
        }

        if (inner.StartsWith("?(", StringComparison.Ordinal) && inner.EndsWith(')'))
        {
            if (JsonPathFilter.TryParse(inner[2..^1]) is not { } filter)
                return false;
            _steps.Add(values => values.SelectMany(Items).Where(filter.Matches));
            return true;
        }

        if (inner.Length > 0 && inner[0] is '\'' or '"')
        {
            var names = new List<string>();
            foreach (var part in inner.Split(','))
            {
                var quoted = part.Trim();
                if (quoted.Length < 2 || quoted[0] != quoted[^1] || quoted[0] is not ('\'' or '"'))
                    return false;
                names.Add(quoted[1..^1]);
            }

            _steps.Add(values => values.SelectMany(value => names.SelectMany(name => Members(name)([value]))));
            return true;
        }

        return ReadIndexes(inner);
    }

    private bool ReadIndexes(string inner)
    {
        var selections = new List<Func<int, IEnumerable<int>>>();
        foreach (var part in inner.Split(','))
        {
            var bounds = part.Split(':');
            var numbers = new int?[3];
            if (bounds.Length > 3)
                return false;
            for (var i = 0; i < bounds.Length; i++)
            {
                if (bounds[i].Trim().Length == 0)
                    continue;
                if (!int.TryParse(bounds[i].Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
                    return false;
                numbers[i] = number;
            }

            if (bounds.Length == 1 && numbers[0] is { } single)
                selections.Add(count => Range(count, single, single == -1 ? count : single + 1, 1));
            else if (bounds.Length > 1)
                selections.Add(count => Range(count, numbers[0] ?? 0, numbers[1] ?? count, numbers[2] ?? 1));
            else
                return false;
        }

        _steps.Add(values => values.Where(value => value.ValueKind == JsonValueKind.Array)
            .SelectMany(list => selections.SelectMany(select => select(list.GetArrayLength())).Select(index => list[index])));
        return true;
    }

    private static IEnumerable<int> Range(int count, int start, int end, int step)
    {
        start = start < 0 ? start + count : start;
        end = end < 0 ? end + count : end;
        for (var i = Math.Max(0, start); step > 0 && i < Math.Min(end, count); i += step)
            yield return i;
    }

    private static int EndOfBracket(string text, int start)
    {
        char quote = '\0';
        var depth = 0;
        for (var i = start; i < text.Length; i++)
        {
            if (quote != '\0')
            {
                if (text[i] == quote)
                    quote = '\0';
            }
            else if (text[i] is '\'' or '"')
            {
                quote = text[i];
            }
            else if (text[i] == '[')
            {
                depth++;
            }
            else if (text[i] == ']' && --depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private static Func<IEnumerable<JsonElement>, IEnumerable<JsonElement>> Members(string name) => values => values
        .Where(value => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out _))
        .Select(value => value.GetProperty(name));

    private static IEnumerable<JsonElement> Children(IEnumerable<JsonElement> values) => values.SelectMany(Items);

    private static IEnumerable<JsonElement> Items(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray(),
        JsonValueKind.Object => value.EnumerateObject().Select(member => member.Value),
        _ => [],
    };

    private static IEnumerable<JsonElement> Descendants(JsonElement value) => Items(value).SelectMany(Descendants).Prepend(value);
}

/// <summary>A condition on the items of a list: <c>@.type=="Ready"</c>, <c>@.size &gt; 3</c>, or that something is there.</summary>
internal sealed class JsonPathFilter
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "<", ">"];

    private readonly JsonPath _path;
    private readonly string _operator;
    private readonly JsonElement _literal;
    private readonly JsonPath? _other;

    private JsonPathFilter(JsonPath path, string @operator, JsonElement literal, JsonPath? other) =>
        (_path, _operator, _literal, _other) = (path, @operator, literal, other);

    public static JsonPathFilter? TryParse(string text)
    {
        foreach (var candidate in Operators)
        {
            var at = text.IndexOf(candidate, StringComparison.Ordinal);
            if (at < 0)
                continue;
            if (PathOf(text[..at]) is not { } left)
                return null;
            var right = text[(at + candidate.Length)..].Trim();
            if (right is ['@', ..])
                return PathOf(right) is { } other ? new(left, candidate, default, other) : null;
            return Literal(right) is { } literal ? new(left, candidate, literal, null) : null;
        }

        return PathOf(text) is { } path ? new(path, "", default, null) : null;
    }

    public bool Matches(JsonElement item)
    {
        var found = _path.Find(item).ToList();
        if (_operator.Length == 0)
            return found.Count > 0;
        if (found.Count == 0)
            return false;
        var right = _literal;
        if (_other is not null)
        {
            var others = _other.Find(item).ToList();
            if (others.Count == 0)
                return false;
            right = others[0];
        }

        var left = found[0];
        if (_operator is "==" or "!=")
            return Same(left, right) == (_operator == "==");
        return Compare(left, right) is { } order && _operator switch
        {
            "<" => order < 0,
            ">" => order > 0,
            "<=" => order <= 0,
            _ => order >= 0,
        };
    }

    private static bool Same(JsonElement left, JsonElement right) => left.ValueKind == JsonValueKind.Number && right.ValueKind == JsonValueKind.Number
        ? left.GetDouble() == right.GetDouble()
        : JsonElement.DeepEquals(left, right);

    private static int? Compare(JsonElement left, JsonElement right) => (left.ValueKind, right.ValueKind) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => left.GetDouble().CompareTo(right.GetDouble()),
        (JsonValueKind.String, JsonValueKind.String) => string.CompareOrdinal(left.GetString(), right.GetString()),
        _ => null,
    };

    private static JsonPath? PathOf(string text)
    {
        text = text.Trim();
        return text is ['@', ..] ? JsonPath.TryParse(text[1..]) : null;
    }

    private static JsonElement? Literal(string text)
    {
        if (text.Length >= 2 && text[0] == '\'' && text[^1] == '\'')
            return JsonElement.Parse(JsonSerializerText(text[1..^1]));
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string JsonSerializerText(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
