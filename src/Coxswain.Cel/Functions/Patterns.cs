using System.Text.RegularExpressions;
using Coxswain.Cel.Planning;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Regular expressions: <c>matches</c>, and Kubernetes' <c>find</c> and <c>findAll</c>.</summary>
internal static class Patterns
{
    private static readonly CelType S = CelType.String;

    public static IEnumerable<CelOverload> Overloads =>
    [
        Global("matches", CelType.Bool, (frame, a) => With(frame, a, (regex, text) => CelValue.Of(regex.IsMatch(text))), S, S),
        Member("matches", CelType.Bool, (frame, a) => With(frame, a, (regex, text) => CelValue.Of(regex.IsMatch(text))), S, S),
        Member("find", S, (frame, a) => With(frame, a, (regex, text) => CelValue.Of(regex.Match(text).Value)), S, S),
        Member("findAll", CelType.List(S), (frame, a) => With(frame, a, (regex, text) => All(regex, text, -1)), S, S),
        Member("findAll", CelType.List(S), FindSome, S, S, CelType.Int),
    ];

    private static CelValue FindSome(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        var limit = a[2].AsInt;
        return With(frame, a, (regex, text) => All(regex, text, limit));
    }

    private static CelValue With(CelFrame frame, ReadOnlySpan<CelValue> a, Func<Regex, string, CelValue> use)
    {
        string text = a[0].AsString, pattern = a[1].AsString;
        // As upstream prices it: the text's length times the pattern's, each by a factor.
        frame.Charge(Costs.OfText(text.Length) * Math.Max(1, pattern.Length / 4));
        return Re2.TryParse(pattern, out var regex, out var error) ? use(regex, text) : CelValue.Error(error);
    }

    private static CelValue All(Regex regex, string text, long limit)
    {
        var found = new List<string>();
        for (var match = regex.Match(text); match.Success && (limit < 0 || found.Count < limit); match = match.NextMatch())
            found.Add(match.Value);
        return CelValue.Of(CelList.Of(found));
    }
}
