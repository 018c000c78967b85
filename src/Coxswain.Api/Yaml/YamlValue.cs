using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Coxswain.Api;

/// <summary>What a scalar is.</summary>
internal enum YamlType
{
    Text,
    Null,
    Boolean,
    Integer,
    Float,
    Merge,
}

/// <summary>The meaning of a scalar by YAML 1.1 as upstream's library reads it.</summary>
internal readonly partial record struct YamlValue(YamlType Type, string Text, bool Flag = false, double Number = 0)
{
    private const string TagPrefix = "tag:yaml.org,2002:";

    public static YamlValue Of(YamlScalar scalar)
    {
        var tag = scalar.Tag.StartsWith(TagPrefix, StringComparison.Ordinal) ? scalar.Tag[TagPrefix.Length..] : scalar.Tag;
        switch (tag)
        {
            case "":
                return scalar.IsPlain ? Resolve(scalar.Value) : new(YamlType.Text, scalar.Value);
            case "binary":
                return new(YamlType.Text, FromBase64(scalar));
            case "null" or "bool" or "int" or "float":
                var value = Resolve(scalar.Value);
                if (tag == "float" && value.Type == YamlType.Integer)
                    value = new(YamlType.Float, value.Text, Number: double.Parse(value.Text, CultureInfo.InvariantCulture));
                return tag == NameOf(value.Type)
                    ? value
                    : throw new DecodeException($"yaml: cannot decode !!{NameOf(value.Type)} `{scalar.Value}` as a !!{tag}");
            default:
                return new(YamlType.Text, scalar.Value);
        }
    }

    /// <summary>What a plain scalar means.</summary>
    public static YamlValue Resolve(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return new(YamlType.Null, text);
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return new(YamlType.Boolean, text, Flag: true);
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return new(YamlType.Boolean, text);
            case ".nan" or ".NaN" or ".NAN":
                return new(YamlType.Float, text, Number: double.NaN);
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                return new(YamlType.Float, text, Number: double.PositiveInfinity);
            case "-.inf" or "-.Inf" or "-.INF":
                return new(YamlType.Float, text, Number: double.NegativeInfinity);
            case "<<":
                return new(YamlType.Merge, text);
        }
        if (!(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.'))
            return new(YamlType.Text, text);

        var plain = text.Replace("_", "", StringComparison.Ordinal);
        if (TryInteger(plain, out var integer))
            return new(YamlType.Integer, integer.ToString(CultureInfo.InvariantCulture));
        if (FloatPattern().IsMatch(plain) && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number))
            return new(YamlType.Float, text, Number: number);
        return new(YamlType.Text, text);
    }

    /// <summary>Go's integers with a base in front: 0x1f, 0b101, 0o17, 017.</summary>
    private static bool TryInteger(string text, out Int128 value)
    {
        value = 0;
        var negative = text is ['-', ..];
        var digits = text.AsSpan(negative || text is ['+', ..] ? 1 : 0);
        var radix = 10;
        if (digits.Length > 1 && digits[0] == '0')
        {
            (radix, var skip) = digits[1] switch
            {
                'x' or 'X' => (16, 2),
                'b' or 'B' => (2, 2),
                'o' or 'O' => (8, 2),
                _ => (8, 1),
            };
            digits = digits[skip..];
        }
        if (digits.Length == 0)
            return false;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : 16;
            if (digit >= radix)
                return false;
            value = (value * radix) + digit;
            if (value > ulong.MaxValue)
                return false;
        }
        if (negative)
            value = -value;
        return value >= long.MinValue;
    }

    private static string FromBase64(YamlScalar scalar)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(scalar.Value));
        }
        catch (FormatException)
        {
            throw new DecodeException($"yaml: line {scalar.Line}: !!binary value contains invalid base64 data");
        }
    }

    private static string NameOf(YamlType type) => type switch
    {
        YamlType.Null => "null",
        YamlType.Boolean => "bool",
        YamlType.Integer => "int",
        YamlType.Float => "float",
        _ => "str",
    };

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex FloatPattern();
}
