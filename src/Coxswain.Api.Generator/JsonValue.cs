using System.Globalization;
using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>A parsed JSON value. A generator gets no JSON library, and the facts need little: objects, arrays, strings,
/// whole numbers, booleans and null.</summary>
internal sealed class JsonValue
{
    private static readonly JsonValue Missing = new(null);
    private static readonly List<JsonValue> NoItems = new();
    private readonly object? _value;

    private JsonValue(object? value) => _value = value;

    public bool IsPresent => _value is not null;

    public List<JsonValue> Items => _value as List<JsonValue> ?? NoItems;

    public JsonValue this[string name] =>
        _value is Dictionary<string, JsonValue> members && members.TryGetValue(name, out var found) ? found : Missing;

    public string Text => _value as string ?? "";

    public bool Flag => _value is true;

    public int Number => _value is double number ? (int)number : 0;

    /// <summary>The value as JSON text, for literals that are carried on (defaults).</summary>
    public string ToJson() => _value switch
    {
        string text => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"",
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        List<JsonValue> items => "[" + string.Join(",", items.ConvertAll(item => item.ToJson())) + "]",
        Dictionary<string, JsonValue> members => "{" + string.Join(",", Join(members)) + "}",
        _ => "null",
    };

    public static JsonValue Parse(string text)
    {
        var at = 0;
        return Read(text, ref at);
    }

    private static IEnumerable<string> Join(Dictionary<string, JsonValue> members)
    {
        foreach (var member in members)
            yield return "\"" + member.Key + "\":" + member.Value.ToJson();
    }

    private static JsonValue Read(string text, ref int at)
    {
        SkipSpace(text, ref at);
        switch (text[at])
        {
            case '{':
                return ReadObject(text, ref at);
            case '[':
                return ReadArray(text, ref at);
            case '"':
                return new JsonValue(ReadString(text, ref at));
            case 't':
                at += 4;
                return new JsonValue(true);
            case 'f':
                at += 5;
                return new JsonValue(false);
            case 'n':
                at += 4;
                return new JsonValue(null);
            default:
                var start = at;
                while (at < text.Length && "+-.eE0123456789".IndexOf(text[at]) >= 0)
                    at++;
                return new JsonValue(double.Parse(text.Substring(start, at - start), CultureInfo.InvariantCulture));
        }
    }

    private static JsonValue ReadObject(string text, ref int at)
    {
        var members = new Dictionary<string, JsonValue>(StringComparer.Ordinal);
        for (at++; Next(text, ref at) != '}';)
        {
            var name = ReadString(text, ref at);
            Expect(text, ref at, ':');
            members[name] = Read(text, ref at);
        }
        at++;
        return new JsonValue(members);
    }

    private static JsonValue ReadArray(string text, ref int at)
    {
        var items = new List<JsonValue>();
        for (at++; Next(text, ref at) != ']';)
            items.Add(Read(text, ref at));
        at++;
        return new JsonValue(items);
    }

    /// <summary>The next character that is neither space nor comma: the facts are known to be well-formed.</summary>
    private static char Next(string text, ref int at)
    {
        SkipSpace(text, ref at);
        if (text[at] == ',')
        {
            at++;
            SkipSpace(text, ref at);
        }
        return text[at];
    }

    private static void Expect(string text, ref int at, char expected)
    {
        SkipSpace(text, ref at);
        if (text[at] != expected)
            throw new FormatException("the facts are no JSON at offset " + at.ToString(CultureInfo.InvariantCulture));
        at++;
    }

    private static void SkipSpace(string text, ref int at)
    {
        while (char.IsWhiteSpace(text[at]))
            at++;
    }

    private static string ReadString(string text, ref int at)
    {
        var result = new StringBuilder();
        for (at++; text[at] != '"'; at++)
        {
            if (text[at] != '\\')
            {
                result.Append(text[at]);
                continue;
            }
            at++;
            switch (text[at])
            {
                case 'n':
                    result.Append('\n');
                    break;
                case 't':
                    result.Append('\t');
                    break;
                case 'r':
                    result.Append('\r');
                    break;
                case 'b':
                    result.Append('\b');
                    break;
                case 'f':
                    result.Append('\f');
                    break;
                case 'u':
                    result.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    at += 4;
                    break;
                default:
                    result.Append(text[at]);
                    break;
            }
        }
        at++;
        return result.ToString();
    }
}
