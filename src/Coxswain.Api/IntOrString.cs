using System.Globalization;

namespace Coxswain.Api;

/// <summary>A value that is an integer or a text, such as a port (80, "http") or an amount (3, "25%"). Immutable; the default is 0.</summary>
public readonly record struct IntOrString
{
    private readonly string? _text;
    private readonly int _number;

    public IntOrString(int value) => _number = value;

    public IntOrString(string text) => _text = text;

    public static IntOrString FromInt(int value) => new(value);

    public static IntOrString FromString(string value) => new(value);

    /// <summary>An integer where the text is one, else the text.</summary>
    public static IntOrString Parse(string value) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? FromInt(number) : FromString(value);

    public static implicit operator IntOrString(int value) => new(value);

    public static implicit operator IntOrString(string value) => new(value);

    public bool IsString => _text is not null;

    /// <summary>The integer; 0 for a text.</summary>
    public int IntValue => _number;

    /// <summary>The text; empty for an integer.</summary>
    public string StringValue => _text ?? "";

    /// <summary>The number itself, or the percentage of a total. False where the text is no percentage.</summary>
    /// <param name="roundUp">Whether a fraction counts as a whole.</param>
    public bool TryScale(int total, bool roundUp, out int value)
    {
        value = _number;
        if (_text is null)
            return true;
        if (!TryGetPercent(out var percent))
            return false;

        var product = (long)percent * total;
        value = (int)Math.Clamp(roundUp ? (long)Math.Ceiling(product / 100m) : (long)Math.Floor(product / 100m), int.MinValue, int.MaxValue);
        return true;
    }

    /// <summary>The number before a text's closing percent sign.</summary>
    public bool TryGetPercent(out int percent)
    {
        percent = 0;
        return _text is not null && _text.EndsWith('%')
            && int.TryParse(_text.AsSpan(0, _text.Length - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out percent);
    }

    public override string ToString() => _text ?? _number.ToString(CultureInfo.InvariantCulture);
}
