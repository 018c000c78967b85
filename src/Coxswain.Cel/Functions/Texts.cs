using System.Text;
using Coxswain.Cel.Planning;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Functions on strings: the standard ones and the strings extension.</summary>
internal static class Texts
{
    private static readonly CelType S = CelType.String;
    private static readonly CelType I = CelType.Int;

    public static IEnumerable<CelOverload> Overloads =>
    [
        Test("contains", (text, part) => text.Contains(part, StringComparison.Ordinal)),
        Test("startsWith", (text, part) => text.StartsWith(part, StringComparison.Ordinal)),
        Test("endsWith", (text, part) => text.EndsWith(part, StringComparison.Ordinal)),
        Member("charAt", S, Priced(CharAt), S, I),
        Member("indexOf", I, Priced(a => Find(a[0].AsString, a[1].AsString, 0)), S, S),
        Member("indexOf", I, Priced(a => Find(a[0].AsString, a[1].AsString, a[2].AsInt)), S, S, I),
        Member("lastIndexOf", I, Priced(a => FindLast(a[0].AsString, a[1].AsString, null)), S, S),
        Member("lastIndexOf", I, Priced(a => FindLast(a[0].AsString, a[1].AsString, a[2].AsInt)), S, S, I),
        Member("lowerAscii", S, Priced(a => CelValue.Of(Ascii(a[0].AsString, char.ToLowerInvariant))), S),
        Member("upperAscii", S, Priced(a => CelValue.Of(Ascii(a[0].AsString, char.ToUpperInvariant))), S),
        Member("trim", S, Priced(a => CelValue.Of(a[0].AsString.Trim())), S),
        Member("reverse", S, Priced(a => CelValue.Of(Runes.Reverse(a[0].AsString))), S),
        Member("replace", S, (frame, a) => Replace(frame, a, -1), S, S, S),
        Member("replace", S, (frame, a) => Replace(frame, a, a[3].AsInt), S, S, S, I),
        Member("split", CelType.List(S), (frame, a) => Split(frame, a, -1), S, S),
        Member("split", CelType.List(S), (frame, a) => Split(frame, a, a[2].AsInt), S, S, I),
        Member("substring", S, Priced(a => Substring(a[0].AsString, a[1].AsInt, null)), S, I),
        Member("substring", S, Priced(a => Substring(a[0].AsString, a[1].AsInt, a[2].AsInt)), S, I, I),
        Member("join", S, (frame, a) => Join(frame, a[0].AsList, ""), CelType.List(S)),
        Member("join", S, (frame, a) => Join(frame, a[0].AsList, a[1].AsString), CelType.List(S), S),
        Global("strings.quote", S, Priced(a => CelValue.Of(Quote(a[0].AsString))), S),
    ];

    private delegate CelValue TextFunction(ReadOnlySpan<CelValue> arguments);

    private static CelFunctionBody Priced(TextFunction function) => (frame, a) =>
    {
        frame.Charge(Costs.OfText(a[0].AsString.Length));
        return function(a);
    };

    private static CelOverload Test(string name, Func<string, string, bool> test) =>
        Member(name, CelType.Bool, Priced(a => CelValue.Of(test(a[0].AsString, a[1].AsString))), S, S);

    private static CelValue OutOfRange(long index) => CelValue.Error($"index out of range: {index}");

    private static CelValue CharAt(ReadOnlySpan<CelValue> a)
    {
        var offset = Runes.Offset(a[0].AsString, a[1].AsInt);
        if (offset < 0)
            return OutOfRange(a[1].AsInt);
        return offset == a[0].AsString.Length ? CelValue.EmptyString : CelValue.Of(Rune.GetRuneAt(a[0].AsString, offset).ToString());
    }

    private static CelValue Find(string text, string part, long from)
    {
        var start = Runes.Offset(text, from);
        return start < 0 ? OutOfRange(from) : CelValue.Of(Runes.Index(text, text.IndexOf(part, start, StringComparison.Ordinal)));
    }

    private static CelValue FindLast(string text, string part, long? from)
    {
        var start = from is null ? text.Length : Runes.Offset(text, from.Value);
        if (start < 0)
            return OutOfRange(from!.Value);
        // Matches may begin at the place, and reach beyond it.
        var end = Math.Min(text.Length, start + part.Length);
        return CelValue.Of(Runes.Index(text, text[..end].LastIndexOf(part, StringComparison.Ordinal)));
    }

    private static string Ascii(string text, Func<char, char> change) =>
        string.Create(text.Length, (text, change), static (to, state) =>
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = char.IsAscii(state.text[i]) ? state.change(state.text[i]) : state.text[i];
        });

    private static CelValue Replace(CelFrame frame, ReadOnlySpan<CelValue> a, long limit)
    {
        string text = a[0].AsString, old = a[1].AsString, with = a[2].AsString;
        frame.Charge(Costs.OfText(text.Length));
        if (limit == 0)
            return a[0];
        var result = new StringBuilder();
        var position = 0;
        for (var count = 0; limit < 0 || count < limit; count++)
        {
            var at = position > text.Length ? -1 : text.IndexOf(old, position, StringComparison.Ordinal);
            if (at < 0)
                break;
            // An empty text is found before every code point and at the end.
            var next = old.Length > 0 ? at + old.Length : at < text.Length ? at + Rune.GetRuneAt(text, at).Utf16SequenceLength : at + 1;
            frame.Charge(Costs.OfText(with.Length));
            result.Append(text, position, at - position).Append(with);
            if (old.Length == 0 && at < text.Length)
                result.Append(text, at, next - at);
            position = next;
        }
        if (position < text.Length)
            result.Append(text, position, text.Length - position);
        return CelValue.Of(result.ToString());
    }

    private static CelValue Split(CelFrame frame, ReadOnlySpan<CelValue> a, long limit)
    {
        string text = a[0].AsString, separator = a[1].AsString;
        frame.Charge(Costs.OfText(text.Length) + (separator.Length == 0 ? text.Length : 0));
        if (limit == 0)
            return CelValue.Of(CelList.Empty);
        var count = limit is < 0 or > int.MaxValue ? int.MaxValue : (int)limit;
        if (separator.Length > 0)
            return CelValue.Of(CelList.Of(text.Split(separator, count)));
        var parts = new List<string>();
        var position = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (parts.Count == count - 1)
                break;
            parts.Add(rune.ToString());
            position += rune.Utf16SequenceLength;
        }
        if (position < text.Length)
            parts.Add(text[position..]);
        return CelValue.Of(CelList.Of(parts));
    }

    private static CelValue Substring(string text, long start, long? end)
    {
        var from = Runes.Offset(text, start);
        if (from < 0)
            return OutOfRange(start);
        var to = end is null ? text.Length : Runes.Offset(text, end.Value);
        if (to < 0)
            return OutOfRange(end!.Value);
        return from <= to ? CelValue.Of(text[from..to]) : CelValue.Error($"invalid substring range. start: {start}, end: {end}");
    }

    private static CelValue Join(CelFrame frame, CelList list, string separator)
    {
        var parts = new string[list.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            if (list[i].Kind != CelKind.String)
                return CelValue.Error("no such overload");
            parts[i] = list[i].AsString;
            frame.Charge(Costs.OfText(parts[i].Length + separator.Length));
        }
        return CelValue.Of(string.Join(separator, parts));
    }

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '\a' => quoted.Append("\\a"),
                '\b' => quoted.Append("\\b"),
                '\f' => quoted.Append("\\f"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\v' => quoted.Append("\\v"),
                '\\' => quoted.Append("\\\\"),
                '"' => quoted.Append("\\\""),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append('"').ToString();
    }
}
