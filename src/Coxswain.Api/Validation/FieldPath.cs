using System.Globalization;
using System.Text;

namespace Coxswain.Api.Validation;

/// <summary>Where in an object a value stands: <c>spec.containers[0].name</c>. Immutable; the text is built only when asked for.</summary>
public sealed class FieldPath
{
    private readonly FieldPath? _parent;
    private readonly string? _name;
    private readonly string? _key;
    private readonly int _index;

    public FieldPath(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _name = name;
    }

    private FieldPath(FieldPath parent, string? name, string? key, int index)
    {
        _parent = parent;
        _name = name;
        _key = key;
        _index = index;
    }

    public static implicit operator FieldPath(string name) => new(name);

    /// <summary>A member.</summary>
    public FieldPath Child(string name) => new(this, name, null, 0);

    /// <summary>A member of a member.</summary>
    public FieldPath Child(string name, string below) => Child(name).Child(below);

    /// <summary>An item of a list.</summary>
    public FieldPath Index(int index) => new(this, null, null, index);

    /// <summary>An entry of a map, or an item of a list by its key.</summary>
    public FieldPath Key(string key) => new(this, null, key, 0);

    public override string ToString()
    {
        if (_parent is null)
            return _name!;

        var builder = new StringBuilder();
        AppendTo(builder);
        return builder.ToString();
    }

    private void AppendTo(StringBuilder builder)
    {
        _parent?.AppendTo(builder);
        if (_name is not null)
            (_parent is null ? builder : builder.Append('.')).Append(_name);
        else if (_key is not null)
            builder.Append('[').Append(_key).Append(']');
        else
            builder.Append(CultureInfo.InvariantCulture, $"[{_index}]");
    }
}
