namespace Coxswain.Cel.Syntax;

/// <summary>Calls that are syntax rather than functions: their arguments are not evaluated before.</summary>
internal static class Macros
{
    /// <exception cref="CelSyntaxException">A macro with arguments of the wrong form.</exception>
    public static Expression Expand(int offset, Expression? target, string name, IReadOnlyList<Expression> arguments)
    {
        if (target is null)
            return name == "has" && arguments.Count == 1 ? Has(arguments[0]) : new Call(offset, null, name, arguments);
        if (target is Identifier { Name: "cel" } && name == "bind" && arguments.Count == 3)
            return new Binding(offset, Variable(arguments[0]), arguments[1], arguments[2]);
        return (name, arguments.Count) switch
        {
            ("all", 2) => Test(ComprehensionKind.All),
            ("all", 3) => Test(ComprehensionKind.All, two: true),
            ("exists", 2) => Test(ComprehensionKind.Exists),
            ("exists", 3) => Test(ComprehensionKind.Exists, two: true),
            ("exists_one" or "existsOne", 2) => Test(ComprehensionKind.ExistsOne),
            ("exists_one" or "existsOne", 3) => Test(ComprehensionKind.ExistsOne, two: true),
            ("filter", 2) => Test(ComprehensionKind.Filter),
            ("map", 2) => new Comprehension(offset, ComprehensionKind.Map, target, Variable(arguments[0]), null, null, arguments[1]),
            ("map", 3) => new Comprehension(offset, ComprehensionKind.Map, target, Variable(arguments[0]), null, arguments[1], arguments[2]),
            ("transformList", 3 or 4) => Transform(ComprehensionKind.TransformList),
            ("transformMap", 3 or 4) => Transform(ComprehensionKind.TransformMap),
            ("transformMapEntry", 3 or 4) => Transform(ComprehensionKind.TransformMapEntry),
            ("optMap", 2) => new OptionalMap(offset, target, Variable(arguments[0]), arguments[1], Flat: false),
            ("optFlatMap", 2) => new OptionalMap(offset, target, Variable(arguments[0]), arguments[1], Flat: true),
            _ => new Call(offset, target, name, arguments),
        };

        Comprehension Test(ComprehensionKind kind, bool two = false)
        {
            var first = Variable(arguments[0]);
            var second = two ? Variable(arguments[1]) : null;
            if (first == second)
                throw new CelSyntaxException(arguments[1].Offset, $"duplicate variable name: {second}");
            return new Comprehension(offset, kind, target, first, second, arguments[^1], null);
        }

        Comprehension Transform(ComprehensionKind kind)
        {
            var first = Variable(arguments[0]);
            var second = Variable(arguments[1]);
            if (first == second)
                throw new CelSyntaxException(arguments[1].Offset, $"duplicate variable name: {second}");
            return new Comprehension(offset, kind, target, first, second, arguments.Count == 4 ? arguments[2] : null, arguments[^1]);
        }
    }

    private static Presence Has(Expression argument) => argument is Select { Optional: false } select
        ? new Presence(select.Offset, select.Operand, select.Field)
        : throw new CelSyntaxException(argument.Offset, "invalid argument to has() macro");

    private static string Variable(Expression expression) => expression is Identifier identifier
        ? identifier.Name
        : throw new CelSyntaxException(expression.Offset, "argument must be a simple name");
}
