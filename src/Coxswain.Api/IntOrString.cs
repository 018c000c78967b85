using System.Globalization;

namespace Coxswain.Api;

/// <summary>A number or a name (of a port), or a percentage.</summary>
public readonly record struct IntOrString
{
    private readonly string? _text;

    public IntOrString(int value) => IntValue = value;

    public IntOrString(string text) => _text = text;

    public bool IsString => _text is not null;

    public int IntValue { get; }

    public string StringValue => _text ?? "";

    public static implicit operator IntOrString(int value) => new(value);

    public static implicit operator IntOrString(string text) => new(text);

    public override string ToString() => _text ?? IntValue.ToString(CultureInfo.InvariantCulture);
}
