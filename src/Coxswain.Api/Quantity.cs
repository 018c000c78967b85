namespace Coxswain.Api;

/// <summary>An amount of a resource in its canonical text.</summary>
public readonly record struct Quantity(string Text)
{
    public static Quantity Parse(string text) => new(text);

    public override string ToString() => Text ?? "0";
}
