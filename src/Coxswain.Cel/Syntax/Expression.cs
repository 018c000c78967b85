namespace Coxswain.Cel.Syntax;

/// <summary>An expression as parsed: macros are nodes of their own, names are not resolved yet.</summary>
/// <param name="Offset">Where it stands, for messages: its operator for operations, its dot for selections.</param>
internal abstract record Expression(int Offset);

internal sealed record Literal(int Offset, CelValue Value) : Expression(Offset);

internal sealed record Identifier(int Offset, string Name) : Expression(Offset);

/// <param name="Optional">Written <c>.?</c>.</param>
internal sealed record Select(int Offset, Expression Operand, string Field, bool Optional) : Expression(Offset);

/// <summary><c>has(operand.field)</c>.</summary>
internal sealed record Presence(int Offset, Expression Operand, string Field) : Expression(Offset);

/// <param name="Target">The receiver of <c>target.function(...)</c>.</param>
/// <param name="Function">Its name; operators by CEL's names for them, such as <c>_+_</c>.</param>
internal sealed record Call(int Offset, Expression? Target, string Function, IReadOnlyList<Expression> Arguments) : Expression(Offset);

internal sealed record ListLiteral(int Offset, IReadOnlyList<Element> Elements) : Expression(Offset);

internal readonly record struct Element(Expression Value, bool Optional);

internal sealed record MapLiteral(int Offset, IReadOnlyList<Entry> Entries) : Expression(Offset);

internal readonly record struct Entry(Expression Key, Expression Value, bool Optional);

/// <summary><c>Type{field: value}</c>.</summary>
internal sealed record ObjectLiteral(int Offset, string TypeName, IReadOnlyList<Member> Members) : Expression(Offset);

internal readonly record struct Member(int Offset, string Name, Expression Value, bool Optional);

internal enum ComprehensionKind
{
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformList,
    TransformMap,
    TransformMapEntry,
}

/// <summary>A macro that goes over a list's elements or a map's keys.</summary>
/// <param name="Second">The second variable (value beside index or key), where the macro was written with two.</param>
/// <param name="Condition">What an element must satisfy. Null: all of them.</param>
/// <param name="Transform">What an element becomes. Null for macros that only test or filter.</param>
internal sealed record Comprehension(
    int Offset, ComprehensionKind Kind, Expression Range, string First, string? Second, Expression? Condition, Expression? Transform)
    : Expression(Offset);

/// <summary><c>cel.bind(name, value, body)</c>.</summary>
internal sealed record Binding(int Offset, string Name, Expression Value, Expression Body) : Expression(Offset);

/// <summary><c>optional.optMap(name, body)</c> and <c>optFlatMap</c>.</summary>
internal sealed record OptionalMap(int Offset, Expression Operand, string Name, Expression Body, bool Flat) : Expression(Offset);
