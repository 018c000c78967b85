namespace Coxswain.Cel.Syntax;

/// <summary>CEL's names for its operators, as they stand in messages about missing overloads.</summary>
internal static class Operators
{
    public const string Conditional = "_?_:_";
    public const string Or = "_||_";
    public const string And = "_&&_";
    public const string Not = "!_";
    public const string Negate = "-_";
    public const string Equal = "_==_";
    public const string NotEqual = "_!=_";
    public const string Less = "_<_";
    public const string LessOrEqual = "_<=_";
    public const string Greater = "_>_";
    public const string GreaterOrEqual = "_>=_";
    public const string In = "@in";
    public const string Add = "_+_";
    public const string Subtract = "_-_";
    public const string Multiply = "_*_";
    public const string Divide = "_/_";
    public const string Remainder = "_%_";
    public const string Index = "_[_]";
    public const string OptionalIndex = "_[?_]";

    public static string? Relation(Token token) => token.Text switch
    {
        "==" when token.Kind == TokenKind.Symbol => Equal,
        "!=" when token.Kind == TokenKind.Symbol => NotEqual,
        "<" when token.Kind == TokenKind.Symbol => Less,
        "<=" when token.Kind == TokenKind.Symbol => LessOrEqual,
        ">" when token.Kind == TokenKind.Symbol => Greater,
        ">=" when token.Kind == TokenKind.Symbol => GreaterOrEqual,
        "in" when token.Kind == TokenKind.Identifier => In,
        _ => null,
    };
}
