using System.Buffers;

namespace Coxswain.Api.Selectors;

internal enum SelectorToken
{
    End,
    Identifier,
    Comma,
    Not,
    Equal,
    DoubleEqual,
    NotEqual,
    Greater,
    Less,
    Open,
    Close,
    In,
    NotIn,
}

/// <summary>Cuts the text of a label selector into tokens.</summary>
internal ref struct SelectorLexer(ReadOnlySpan<char> text)
{
    private static readonly SearchValues<char> Symbols = SearchValues.Create("=!(),><");
    private static readonly SearchValues<char> NameEnds = SearchValues.Create("=!(),>< \t\r\n");
    private const string Space = " \t\r\n";
    private ReadOnlySpan<char> _rest = text;

    public SelectorToken Next(out string literal)
    {
        _rest = _rest.TrimStart(Space);
        literal = "";
        if (_rest.IsEmpty)
            return SelectorToken.End;

        if (!Symbols.Contains(_rest[0]))
        {
            var end = _rest.IndexOfAny(NameEnds);
            literal = Take(end < 0 ? _rest.Length : end);
            return literal switch
            {
                "in" => SelectorToken.In,
                "notin" => SelectorToken.NotIn,
                _ => SelectorToken.Identifier,
            };
        }

        // The longest symbol wins: == before =.
        if (_rest.StartsWith("==", StringComparison.Ordinal))
        {
            literal = Take(2);
            return SelectorToken.DoubleEqual;
        }

        if (_rest.StartsWith("!=", StringComparison.Ordinal))
        {
            literal = Take(2);
            return SelectorToken.NotEqual;
        }

        literal = Take(1);
        return literal[0] switch
        {
            '=' => SelectorToken.Equal,
            '!' => SelectorToken.Not,
            '(' => SelectorToken.Open,
            ')' => SelectorToken.Close,
            ',' => SelectorToken.Comma,
            '>' => SelectorToken.Greater,
            _ => SelectorToken.Less,
        };
    }

    private string Take(int length)
    {
        var taken = _rest[..length].ToString();
        _rest = _rest[length..];
        return taken;
    }
}
