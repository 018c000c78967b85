using System.Globalization;

namespace Coxswain.Cel.Syntax;

/// <summary>Recursive descent over CEL's grammar. Depth is bounded, so that no text exhausts the stack.</summary>
internal sealed class Parser
{
    /// <summary>As cel-go's default for nested expressions.</summary>
    private const int MaxDepth = 250;

    private static readonly HashSet<string> Reserved =
    [
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "package",
        "namespace", "null", "return", "true", "var", "void", "while",
    ];

    private readonly string source;
    private readonly Lexer lexer;
    private Token token;
    private int depth;

    private Parser(string source)
    {
        this.source = source;
        lexer = new Lexer(source);
        token = lexer.Next();
    }

    /// <exception cref="CelCompileException">The text is no expression.</exception>
    public static Expression Parse(string source)
    {
        try
        {
            var parser = new Parser(source);
            var expression = parser.Expr();
            if (parser.token.Kind != TokenKind.End)
                throw parser.Unexpected("<EOF>");
            return expression;
        }
        catch (CelSyntaxException e)
        {
            throw new CelCompileException(source, [new CelIssue(e.Offset, e.Message)]);
        }
    }

    private Expression Expr()
    {
        if (++depth > MaxDepth)
            throw new CelSyntaxException(token.Offset, $"expression recursion limit exceeded: {MaxDepth}");
        var condition = Or();
        if (token.Is("?"))
        {
            var offset = Advance().Offset;
            var then = Or();
            Expect(":");
            condition = new Call(offset, null, Operators.Conditional, [condition, then, Expr()]);
        }
        depth--;
        return condition;
    }

    private Expression Or() => Chain("||", Operators.Or, And);

    private Expression And() => Chain("&&", Operators.And, Relation);

    private Expression Chain(string symbol, string function, Func<Expression> operand)
    {
        var left = operand();
        while (token.Is(symbol))
        {
            var offset = Advance().Offset;
            left = Nested(new Call(offset, null, function, [left, operand()]));
        }
        return left;
    }

    /// <summary>Chains such as <c>a+a+a...</c> are trees as deep as they are long; their evaluation recurses too.</summary>
    private Expression Nested(Expression expression)
    {
        if (++chained > MaxChain)
            throw new CelSyntaxException(expression.Offset, $"expression has more than {MaxChain} operations");
        return expression;
    }

    private const int MaxChain = 2_000;
    private int chained;

    private Expression Relation()
    {
        var left = Addition();
        while (Operators.Relation(token) is { } function)
        {
            var offset = Advance().Offset;
            left = Nested(new Call(offset, null, function, [left, Addition()]));
        }
        return left;
    }

    private Expression Addition()
    {
        var left = Multiplication();
        while (token.Is("+") || token.Is("-"))
        {
            var sign = Advance();
            left = Nested(new Call(sign.Offset, null, sign.Text == "+" ? Operators.Add : Operators.Subtract, [left, Multiplication()]));
        }
        return left;
    }

    private Expression Multiplication()
    {
        var left = Unary();
        while (token.Is("*") || token.Is("/") || token.Is("%"))
        {
            var sign = Advance();
            var function = sign.Text switch { "*" => Operators.Multiply, "/" => Operators.Divide, _ => Operators.Remainder };
            left = Nested(new Call(sign.Offset, null, function, [left, Unary()]));
        }
        return left;
    }

    private Expression Unary()
    {
        if (!token.Is("!") && !token.Is("-"))
            return Member();
        var sign = Advance();
        if (sign.Text == "-" && token.Kind is TokenKind.Int or TokenKind.Double && token.Offset == sign.Offset + 1)
            return Suffixes(Number(Advance(), "-"));
        var count = 1;
        while (token.Is(sign.Text))
        {
            Advance();
            count++;
        }
        var operand = Member();
        return count % 2 == 0 ? operand : new Call(sign.Offset, null, sign.Text == "!" ? Operators.Not : Operators.Negate, [operand]);
    }

    private Expression Member() => Suffixes(Primary());

    private Expression Suffixes(Expression operand)
    {
        while (true)
        {
            if (token.Is("."))
            {
                var dot = Advance().Offset;
                var optional = token.Is("?");
                if (optional)
                    Advance();
                if (token.Kind is not (TokenKind.Identifier or TokenKind.QuotedIdentifier))
                    throw Unexpected("an identifier");
                var name = Advance();
                if (!optional && name.Kind == TokenKind.Identifier && token.Is("("))
                {
                    var at = Advance().Offset;
                    operand = Macros.Expand(at, operand, name.Text, Arguments()) ;
                }
                else
                    operand = new Select(dot, operand, name.Text, optional);
            }
            else if (token.Is("["))
            {
                var at = Advance().Offset;
                var optional = token.Is("?");
                if (optional)
                    Advance();
                var index = Expr();
                Expect("]");
                operand = new Call(at, null, optional ? Operators.OptionalIndex : Operators.Index, [operand, index]);
            }
            else if (token.Is("{") && TypeName(operand) is { } name)
                operand = ObjectFields(name);
            else
                return operand;
            Nested(operand);
        }
    }

    private static string? TypeName(Expression expression) => expression switch
    {
        Identifier identifier => identifier.Name,
        Select { Optional: false } select when TypeName(select.Operand) is { } prefix => $"{prefix}.{select.Field}",
        _ => null,
    };

    private Expression Primary()
    {
        switch (token.Kind)
        {
            case TokenKind.Int or TokenKind.Uint or TokenKind.Double:
                return Number(Advance(), "");
            case TokenKind.String:
                var text = Advance();
                return new Literal(text.Offset, CelValue.Of(text.Text));
            case TokenKind.Bytes:
                var bytes = Advance();
                return new Literal(bytes.Offset, CelValue.Of(bytes.Bytes!));
            case TokenKind.Identifier:
                return Name(Advance());
        }
        if (token.Is("."))
        {
            Advance();
            return token.Kind == TokenKind.Identifier ? Name(Advance()) : throw Unexpected("an identifier");
        }
        if (token.Is("("))
        {
            Advance();
            var inner = Expr();
            Expect(")");
            return inner;
        }
        if (token.Is("["))
            return List();
        if (token.Is("{"))
            return Map();
        throw Unexpected("an expression");
    }

    private Expression Name(Token name)
    {
        switch (name.Text)
        {
            case "true": return new Literal(name.Offset, CelValue.True);
            case "false": return new Literal(name.Offset, CelValue.False);
            case "null": return new Literal(name.Offset, CelValue.Null);
        }
        if (Reserved.Contains(name.Text))
            throw new CelSyntaxException(name.Offset, $"reserved identifier: {name.Text}");
        if (!token.Is("("))
            return new Identifier(name.Offset, name.Text);
        var at = Advance().Offset;
        return Macros.Expand(at, null, name.Text, Arguments());
    }

    private List<Expression> Arguments()
    {
        var arguments = new List<Expression>();
        while (!token.Is(")"))
        {
            arguments.Add(Expr());
            if (!token.Is(","))
                break;
            Advance();
            if (token.Is(")"))
                throw Unexpected("an expression");
        }
        Expect(")");
        return arguments;
    }

    private ListLiteral List()
    {
        var offset = Advance().Offset;
        var elements = new List<Element>();
        while (!token.Is("]"))
        {
            var optional = TakeOptionalMark();
            elements.Add(new Element(Expr(), optional));
            if (!TakeComma("]"))
                break;
        }
        Expect("]");
        return new ListLiteral(offset, elements);
    }

    private MapLiteral Map()
    {
        var offset = Advance().Offset;
        var entries = new List<Entry>();
        while (!token.Is("}"))
        {
            var optional = TakeOptionalMark();
            var key = Expr();
            Expect(":");
            entries.Add(new Entry(key, Expr(), optional));
            if (!TakeComma("}"))
                break;
        }
        Expect("}");
        return new MapLiteral(offset, entries);
    }

    private ObjectLiteral ObjectFields(string type)
    {
        var offset = Advance().Offset;
        var members = new List<Member>();
        while (!token.Is("}"))
        {
            var optional = TakeOptionalMark();
            if (token.Kind is not (TokenKind.Identifier or TokenKind.QuotedIdentifier))
                throw Unexpected("an identifier");
            var name = Advance();
            Expect(":");
            members.Add(new Member(name.Offset, name.Text, Expr(), optional));
            if (!TakeComma("}"))
                break;
        }
        Expect("}");
        return new ObjectLiteral(offset, type, members);
    }

    private bool TakeOptionalMark()
    {
        if (!token.Is("?"))
            return false;
        Advance();
        return true;
    }

    private bool TakeComma(string closing)
    {
        if (token.Is(","))
        {
            Advance();
            return true;
        }
        return token.Is(closing) ? false : throw Unexpected($"'{closing}'");
    }

    private static Literal Number(Token number, string sign)
    {
        var text = number.Text;
        var hex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var offset = number.Offset - sign.Length;
        switch (number.Kind)
        {
            case TokenKind.Double:
                return new Literal(offset, CelValue.Of(double.Parse(sign + text, NumberStyles.Float, CultureInfo.InvariantCulture)));
            case TokenKind.Uint:
                var parsed = hex
                    ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unsigned)
                    : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out unsigned);
                return parsed ? new Literal(offset, CelValue.Of(unsigned)) : throw new CelSyntaxException(offset, "invalid uint literal");
        }
        if (hex && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var magnitude))
        {
            if (sign.Length == 0 && magnitude <= long.MaxValue)
                return new Literal(offset, CelValue.Of((long)magnitude));
            if (sign.Length > 0 && magnitude <= 1UL << 63)
                return new Literal(offset, CelValue.Of(unchecked(-(long)magnitude)));
        }
        else if (!hex && long.TryParse(sign + text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var signed))
            return new Literal(offset, CelValue.Of(signed));
        throw new CelSyntaxException(offset, "invalid int literal");
    }

    private Token Advance()
    {
        var current = token;
        token = lexer.Next();
        return current;
    }

    private void Expect(string symbol)
    {
        if (!token.Is(symbol))
            throw Unexpected($"'{symbol}'");
        Advance();
    }

    private CelSyntaxException Unexpected(string wanted) => token.Kind == TokenKind.End
        ? new CelSyntaxException(source.Length, $"Syntax error: mismatched input '<EOF>' expecting {wanted}")
        : new CelSyntaxException(token.Offset, $"Syntax error: mismatched input {token} expecting {wanted}");
}
