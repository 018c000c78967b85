using System.Text.Json;

namespace Coxswain.ApiServer.Tables;

/// <summary>One value of a table row: a text, a number, a truth value, or nothing.</summary>
internal readonly struct Cell
{
    private readonly string? _text;
    private readonly long _number;
    private readonly CellKind _kind;

    private Cell(string? text, long number, CellKind kind)
    {
        _text = text;
        _number = number;
        _kind = kind;
    }

    private enum CellKind : byte
    {
        Whole,
        Flag,
        Fraction,
        Null,
    }

    public static Cell Null { get; } = new(null, 0, CellKind.Null);

    public static implicit operator Cell(double number) => new(null, BitConverter.DoubleToInt64Bits(number), CellKind.Fraction);

    public static implicit operator Cell(string text) => new(text, 0, CellKind.Whole);

    public static implicit operator Cell(long number) => new(null, number, CellKind.Whole);

    public static implicit operator Cell(int number) => new(null, number, CellKind.Whole);

    public static implicit operator Cell(bool flag) => new(null, flag ? 1 : 0, CellKind.Flag);

    public void WriteTo(Utf8JsonWriter writer)
    {
        if (_text is not null)
            writer.WriteStringValue(_text);
        else if (_kind == CellKind.Flag)
            writer.WriteBooleanValue(_number != 0);
        else if (_kind == CellKind.Fraction)
            writer.WriteNumberValue(BitConverter.Int64BitsToDouble(_number));
        else if (_kind == CellKind.Null)
            writer.WriteNullValue();
        else
            writer.WriteNumberValue(_number);
    }
}
