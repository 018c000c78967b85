using System.Globalization;

namespace Coxswain.Api;

/// <summary>Says what is wrong with a text that is no JSON, in the words of Go's scanner. Used only after reading has failed.</summary>
internal ref struct GoJsonScanner
{
    private const int MaxDepth = 10_000;
    private readonly ReadOnlySpan<byte> _text;
    private readonly Stack<bool> _open = new();
    private int _at;

    private GoJsonScanner(ReadOnlySpan<byte> text) => _text = text;

    /// <summary>The message of the first error, or null if the text is JSON.</summary>
    public static string? Explain(ReadOnlySpan<byte> text) => new GoJsonScanner(text).Scan();

    // The stack holds true for an open object and false for an open array.
    private string? Scan()
    {
        while (true)
        {
            // 1. A value, or the end of an empty array or object.
            SkipSpace();
            if (_at >= _text.Length)
                return End();
            var c = _text[_at];
            if (c is (byte)'{' or (byte)'[')
            {
                if (_open.Count >= MaxDepth)
                    return "exceeded max depth";
                _open.Push(c == '{');
                _at++;
                SkipSpace();
                if (_at >= _text.Length)
                    return End();
                if (_text[_at] == (c == '{' ? '}' : ']'))
                {
                    _at++;
                    _open.Pop();
                }
                else if (c == '[')
                {
                    continue;
                }
                else if (Name("looking for beginning of object key string") is { } wrong)
                {
                    return wrong;
                }
                else
                {
                    continue;
                }
            }
            else if (Scalar(c) is { } wrong)
            {
                return wrong;
            }

            // 2. What may follow a value, until another one must come.
            while (true)
            {
                SkipSpace();
                if (_open.Count == 0)
                    return _at >= _text.Length ? null : Invalid("after top-level value");
                if (_at >= _text.Length)
                    return End();
                var isObject = _open.Peek();
                if (_text[_at] == (isObject ? '}' : ']'))
                {
                    _at++;
                    _open.Pop();
                    continue;
                }
                if (_text[_at] != ',')
                    return Invalid(isObject ? "after object key:value pair" : "after array element");
                _at++;
                if (isObject)
                {
                    SkipSpace();
                    if (Name("looking for beginning of object key string") is { } wrong)
                        return wrong;
                }
                break;
            }
        }
    }

    private string? Name(string looking)
    {
        if (_at >= _text.Length)
            return End();
        if (_text[_at] != '"')
            return Invalid(looking);
        if (String() is { } wrong)
            return wrong;
        SkipSpace();
        if (_at >= _text.Length)
            return End();
        if (_text[_at] != ':')
            return Invalid("after object key");
        _at++;
        return null;
    }

    private string? Scalar(byte first) => first switch
    {
        (byte)'"' => String(),
        (byte)'t' => Literal("true"),
        (byte)'f' => Literal("false"),
        (byte)'n' => Literal("null"),
        (byte)'-' or (>= (byte)'0' and <= (byte)'9') => Number(),
        _ => Invalid("looking for beginning of value"),
    };

    private string? String()
    {
        for (_at++; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == '"')
            {
                _at++;
                return null;
            }
            if (c < 0x20)
                return Invalid("in string literal");
            if (c != '\\')
                continue;
            if (++_at >= _text.Length)
                return End();
            if (_text[_at] == 'u')
            {
                for (var i = 0; i < 4; i++)
                {
                    if (++_at >= _text.Length)
                        return End();
                    if (!char.IsAsciiHexDigit((char)_text[_at]))
                        return Invalid("in \\u hexadecimal character escape");
                }
            }
            else if ("bfnrt\\/\""u8.IndexOf(_text[_at]) < 0)
            {
                return Invalid("in string escape code");
            }
        }
        return End();
    }

    private string? Literal(string word)
    {
        for (var i = 1; i < word.Length; i++)
        {
            if (++_at >= _text.Length)
                return End();
            if (_text[_at] != word[i])
                return Invalid($"in literal {word} (expecting {QuoteCharacter(word[i])})");
        }
        _at++;
        return null;
    }

    private string? Number()
    {
        if (_text[_at] == '-' && ++_at >= _text.Length)
            return End();
        if (!IsDigit())
            return Invalid("in numeric literal");
        if (_text[_at] == '0')
            _at++;
        else
            Digits();
        if (_at < _text.Length && _text[_at] == '.')
        {
            if (++_at >= _text.Length)
                return End();
            if (!IsDigit())
                return Invalid("after decimal point in numeric literal");
            Digits();
        }
        if (_at < _text.Length && _text[_at] is (byte)'e' or (byte)'E')
        {
            if (++_at < _text.Length && _text[_at] is (byte)'+' or (byte)'-')
                _at++;
            if (_at >= _text.Length)
                return End();
            if (!IsDigit())
                return Invalid("in exponent of numeric literal");
            Digits();
        }
        return null;
    }

    private readonly bool IsDigit() => _at < _text.Length && char.IsAsciiDigit((char)_text[_at]);

    private void Digits()
    {
        while (IsDigit())
            _at++;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            _at++;
    }

    private static string End() => "unexpected end of JSON input";

    private readonly string Invalid(string context) => $"invalid character {QuoteCharacter((char)_text[_at])} {context}";

    private static string QuoteCharacter(char c) => c switch
    {
        '\'' => "'\\''",
        '"' => "'\"'",
        '\\' => "'\\\\'",
        '\a' => "'\\a'",
        '\b' => "'\\b'",
        '\f' => "'\\f'",
        '\n' => "'\\n'",
        '\r' => "'\\r'",
        '\t' => "'\\t'",
        '\v' => "'\\v'",
        < ' ' or '\x7f' => string.Create(CultureInfo.InvariantCulture, $"'\\x{(int)c:x2}'"),
        >= '\x80' and < '\xa0' => string.Create(CultureInfo.InvariantCulture, $"'\\u{(int)c:x4}'"),
        _ => $"'{c}'",
    };
}
