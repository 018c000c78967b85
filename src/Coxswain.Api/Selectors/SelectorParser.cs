namespace Coxswain.Api.Selectors;

/// <summary>Reads label selectors: requirements joined by commas, with upstream's messages for what is none.</summary>
internal ref struct SelectorParser
{
    private SelectorLexer _lexer;
    private SelectorToken _token;
    private string _literal;

    public SelectorParser(ReadOnlySpan<char> text)
    {
        _lexer = new(text);
        _literal = "";
        Advance();
    }

    // "in" and "notin" are names wherever no operator can stand.
    private readonly bool AtName => _token is SelectorToken.Identifier or SelectorToken.In or SelectorToken.NotIn;

    /// <summary>Null with the reason where the text is no selector.</summary>
    public List<LabelRequirement>? Parse(out string? error)
    {
        var requirements = new List<LabelRequirement>();
        error = null;
        while (_token != SelectorToken.End)
        {
            if (!AtName && _token != SelectorToken.Not)
            {
                error = $"found '{_literal}', expected: !, identifier, or 'end of string'";
                return null;
            }

            if (ParseRequirement(out error) is not { } requirement)
            {
                error = "unable to parse requirement: " + error;
                return null;
            }

            requirements.Add(requirement);
            if (_token == SelectorToken.End)
                break;
            if (_token != SelectorToken.Comma)
            {
                error = $"found '{_literal}', expected: ',' or 'end of string'";
                return null;
            }

            Advance();
            if (!AtName && _token != SelectorToken.Not)
            {
                error = $"found '{_literal}', expected: identifier after ','";
                return null;
            }
        }

        return requirements;
    }

    private LabelRequirement? ParseRequirement(out string error)
    {
        // 1. The key, perhaps denied.
        var denied = _token == SelectorToken.Not;
        if (denied)
            Advance();
        if (!AtName)
        {
            error = $"found '{_literal}', expected: identifier";
            return null;
        }

        var key = _literal;
        if (LabelRequirement.KeyError(key) is { } keyError)
        {
            error = keyError;
            return null;
        }

        Advance();

        // 2. A key alone asks for its presence.
        if (denied || _token is SelectorToken.End or SelectorToken.Comma)
            return Create(key, denied ? LabelOperator.DoesNotExist : LabelOperator.Exists, [], false, out error);

        // 3. Operator and values.
        LabelOperator op;
        switch (_token)
        {
            case SelectorToken.In: op = LabelOperator.In; break;
            case SelectorToken.NotIn: op = LabelOperator.NotIn; break;
            case SelectorToken.Equal or SelectorToken.DoubleEqual: op = LabelOperator.In; break;
            case SelectorToken.NotEqual: op = LabelOperator.NotIn; break;
            case SelectorToken.Greater: op = LabelOperator.GreaterThan; break;
            case SelectorToken.Less: op = LabelOperator.LessThan; break;
            default:
                error = $"found '{_literal}', expected: '=', '!=', '==', 'in', notin'";
                return null;
        }

        var isSet = _token is SelectorToken.In or SelectorToken.NotIn;
        Advance();
        var values = isSet ? ParseSet(out error) : ParseValue(out error);
        return values is null ? null : Create(key, op, [.. values], !isSet, out error);
    }

    private SortedSet<string>? ParseSet(out string error)
    {
        error = "";
        if (_token != SelectorToken.Open)
        {
            error = $"found '{_literal}' expected: '('";
            return null;
        }

        Advance();
        var values = new SortedSet<string>(StringComparer.Ordinal);
        if (_token == SelectorToken.Close)
        {
            values.Add("");
            Advance();
            return values;
        }

        if (!AtName && _token != SelectorToken.Comma)
        {
            error = $"found '{_literal}', expected: ',', ')' or identifier";
            return null;
        }

        // Between two commas, and between a comma and a bracket, stands the empty value.
        while (true)
        {
            if (AtName)
            {
                values.Add(_literal);
                Advance();
                if (_token is not (SelectorToken.Comma or SelectorToken.Close))
                {
                    error = $"found '{_literal}', expected: ',' or ')'";
                    return null;
                }
            }
            else if (_token is SelectorToken.Comma or SelectorToken.Close)
            {
                values.Add("");
            }
            else
            {
                error = $"found '{_literal}', expected: ',', or identifier";
                return null;
            }

            var last = _token == SelectorToken.Close;
            Advance();
            if (last)
                return values;
        }
    }

    private SortedSet<string>? ParseValue(out string error)
    {
        error = "";
        if (_token is SelectorToken.End or SelectorToken.Comma)
            return [""];
        if (!AtName)
        {
            error = $"found '{_literal}', expected: identifier";
            return null;
        }

        SortedSet<string> values = [_literal];
        Advance();
        return values;
    }

    private static LabelRequirement? Create(string key, LabelOperator op, IReadOnlyList<string> values, bool isEquality, out string error) =>
        LabelRequirement.TryCreate(key, op, values, isEquality, out var requirement, out error) ? requirement : null;

    private void Advance() => _token = _lexer.Next(out _literal);
}
