using System.Text.Json;

namespace Coxswain.ApiServer.Tables;

/// <summary>One value of a table row: a text, a number or a truth value.</summary>
internal readonly struct Cell
{
    private readonly string? _text;
    private readonly long _number;
    private readonly bool _isFlag;

    private Cell(string? text, long number, bool isFlag)
    {
        _text = text;
        _number = number;
        _isFlag = isFlag;
    }

    public static implicit operator Cell(string text) => new(text, 0, false);

    public static implicit operator Cell(long number) => new(null, number, false);

    public static implicit operator Cell(int number) => new(null, number, false);

    public static implicit operator Cell(bool flag) => new(null, flag ? 1 : 0, true);

    public void WriteTo(Utf8JsonWriter writer)
    {
        if (_text is not null)
            writer.WriteStringValue(_text);
        else if (_isFlag)
            writer.WriteBooleanValue(_number != 0);
        else
            writer.WriteNumberValue(_number);
    }
}
