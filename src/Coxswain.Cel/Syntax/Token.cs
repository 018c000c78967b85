namespace Coxswain.Cel.Syntax;

internal enum TokenKind : byte
{
    End,
    Identifier,
    /// <summary>An identifier between back-quotes: only after a dot.</summary>
    QuotedIdentifier,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Symbol,
}

/// <param name="Text">The identifier, the symbol, the digits, or a text literal's content.</param>
internal readonly record struct Token(TokenKind Kind, int Offset, string Text, byte[]? Bytes = null)
{
    public bool Is(string symbol) => Kind == TokenKind.Symbol && Text == symbol;

    public override string ToString() => Kind == TokenKind.End ? "<EOF>" : $"'{Text}'";
}
