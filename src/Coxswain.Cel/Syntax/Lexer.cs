using System.Globalization;
using System.Text;

namespace Coxswain.Cel.Syntax;

/// <summary>Cuts an expression into tokens (CEL language definition, "Syntax").</summary>
internal sealed class Lexer(string source)
{
    private static readonly string[] Symbols =
        ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

    private int position;

    /// <exception cref="CelSyntaxException">No token of the language.</exception>
    public Token Next()
    {
        SkipBlanks();
        if (position >= source.Length)
            return new Token(TokenKind.End, source.Length, "");
        var start = position;
        var c = source[position];
        if (TryPrefixedLiteral(out var literal))
            return literal;
        if (char.IsAsciiLetter(c) || c == '_')
            return Identifier(start);
        if (char.IsAsciiDigit(c) || (c == '.' && position + 1 < source.Length && char.IsAsciiDigit(source[position + 1])))
            return Number(start);
        if (c == '`')
            return Quoted(start);
        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(source, position, symbol, 0, symbol.Length) != 0)
                continue;
            position += symbol.Length;
            return new Token(TokenKind.Symbol, start, symbol);
        }
        throw new CelSyntaxException(start, $"Syntax error: token recognition error at: '{c}'");
    }

    private void SkipBlanks()
    {
        while (position < source.Length)
        {
            if (source[position] is ' ' or '\t' or '\r' or '\n' or '\f')
                position++;
            else if (source.AsSpan(position).StartsWith("//"))
                position = source.IndexOf('\n', position) is var end and >= 0 ? end : source.Length;
            else
                return;
        }
    }

    private Token Identifier(int start)
    {
        while (position < source.Length && (char.IsAsciiLetterOrDigit(source[position]) || source[position] == '_'))
            position++;
        return new Token(TokenKind.Identifier, start, source[start..position]);
    }

    private Token Quoted(int start)
    {
        var end = source.IndexOf('`', position + 1);
        if (end < 0)
            throw new CelSyntaxException(start, "Syntax error: token recognition error at: '`'");
        position = end + 1;
        return new Token(TokenKind.QuotedIdentifier, start, source[(start + 1)..end]);
    }

    private Token Number(int start)
    {
        if (source.AsSpan(position).StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            position += 2;
            while (position < source.Length && char.IsAsciiHexDigit(source[position]))
                position++;
            return Whole(start);
        }
        Digits();
        var real = false;
        if (position + 1 < source.Length && source[position] == '.' && char.IsAsciiDigit(source[position + 1]))
        {
            real = true;
            position++;
            Digits();
        }
        if (position < source.Length && source[position] is 'e' or 'E')
        {
            var mark = position++;
            if (position < source.Length && source[position] is '+' or '-')
                position++;
            if (position < source.Length && char.IsAsciiDigit(source[position]))
            {
                real = true;
                Digits();
            }
            else
                position = mark;
        }
        return real ? new Token(TokenKind.Double, start, source[start..position]) : Whole(start);
    }

    private Token Whole(int start)
    {
        var text = source[start..position];
        if (position >= source.Length || source[position] is not ('u' or 'U'))
            return new Token(TokenKind.Int, start, text);
        position++;
        return new Token(TokenKind.Uint, start, text);
    }

    private void Digits()
    {
        while (position < source.Length && char.IsAsciiDigit(source[position]))
            position++;
    }

    private bool TryPrefixedLiteral(out Token token)
    {
        var start = position;
        bool raw = false, bytes = false;
        var at = position;
        while (at < source.Length && at - start < 2)
        {
            if (source[at] is 'r' or 'R' && !raw)
                raw = true;
            else if (source[at] is 'b' or 'B' && !bytes)
                bytes = true;
            else
                break;
            at++;
        }
        if (at >= source.Length || source[at] is not ('"' or '\''))
        {
            token = default;
            return false;
        }
        position = at;
        token = Text(start, raw, bytes);
        return true;
    }

    private Token Text(int start, bool raw, bool bytes)
    {
        var quote = source[position];
        var triple = source.AsSpan(position).StartsWith([quote, quote, quote]);
        position += triple ? 3 : 1;
        var text = new StringBuilder();
        var octets = bytes ? new List<byte>() : null;
        while (true)
        {
            if (position >= source.Length || (!triple && source[position] is '\n' or '\r'))
                throw new CelSyntaxException(start, $"Syntax error: token recognition error at: '{source[start..position]}'");
            if (source[position] == quote && (!triple || source.AsSpan(position).StartsWith([quote, quote, quote])))
            {
                position += triple ? 3 : 1;
                break;
            }
            if (source[position] == '\\' && !raw)
                Escape(text, octets);
            else
                Append(text, octets, Take());
        }
        return bytes
            ? new Token(TokenKind.Bytes, start, "", [.. octets!])
            : new Token(TokenKind.String, start, text.ToString());
    }

    private Rune Take()
    {
        if (!Rune.TryGetRuneAt(source, position, out var rune))
            throw new CelSyntaxException(position, "Syntax error: broken text");
        position += rune.Utf16SequenceLength;
        return rune;
    }

    private static void Append(StringBuilder text, List<byte>? octets, Rune rune)
    {
        if (octets is null)
        {
            text.Append(rune.ToString());
            return;
        }
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var octet in utf8[..rune.EncodeToUtf8(utf8)])
            octets.Add(octet);
    }

    private void Escape(StringBuilder text, List<byte>? octets)
    {
        var start = position++;
        var c = position < source.Length ? source[position++] : '\0';
        switch (c)
        {
            case 'a': Append(text, octets, new Rune('\a')); return;
            case 'b': Append(text, octets, new Rune('\b')); return;
            case 'f': Append(text, octets, new Rune('\f')); return;
            case 'n': Append(text, octets, new Rune('\n')); return;
            case 'r': Append(text, octets, new Rune('\r')); return;
            case 't': Append(text, octets, new Rune('\t')); return;
            case 'v': Append(text, octets, new Rune('\v')); return;
            case '\\' or '\'' or '"' or '`' or '?': Append(text, octets, new Rune(c)); return;
            case 'x' or 'X': Code(start, 2, NumberStyles.AllowHexSpecifier, text, octets, octet: true); return;
            case 'u' when octets is null: Code(start, 4, NumberStyles.AllowHexSpecifier, text, octets, octet: false); return;
            case 'U' when octets is null: Code(start, 8, NumberStyles.AllowHexSpecifier, text, octets, octet: false); return;
            case >= '0' and <= '3':
                position--;
                Code(start, 3, NumberStyles.None, text, octets, octet: true);
                return;
            default:
                throw new CelSyntaxException(start, $"Syntax error: token recognition error at: '\\{c}'");
        }
    }

    private void Code(int start, int digits, NumberStyles style, StringBuilder text, List<byte>? octets, bool octet)
    {
        if (position + digits > source.Length)
            throw new CelSyntaxException(start, "Syntax error: incomplete escape sequence");
        var number = source.AsSpan(position, digits);
        uint code = 0;
        if (style == NumberStyles.None)
        {
            foreach (var digit in number)
            {
                if (digit is < '0' or > '7')
                    throw new CelSyntaxException(start, "Syntax error: bad octal escape sequence");
                code = (code * 8) + (uint)(digit - '0');
            }
        }
        else if (!uint.TryParse(number, style, CultureInfo.InvariantCulture, out code))
            throw new CelSyntaxException(start, "Syntax error: bad hexadecimal escape sequence");
        position += digits;
        if (octet && octets is not null)
            octets.Add((byte)code);
        else if (Rune.IsValid(code))
            Append(text, octets, new Rune(code));
        else
            throw new CelSyntaxException(start, "Syntax error: escape sequence of no code point");
    }
}

internal sealed class CelSyntaxException(int offset, string message) : Exception(message)
{
    public int Offset { get; } = offset;
}
