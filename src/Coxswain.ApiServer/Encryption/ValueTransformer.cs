namespace Coxswain.ApiServer.Encryption;

/// <summary>A form in which values lie in the store. Safe for concurrent use.</summary>
internal abstract class ValueTransformer
{
    /// <summary>A stored value as it was before.</summary>
    /// <param name="key">The value's key in the store: a value that was moved to another key must not pass for that one's.</param>
    /// <exception cref="TransformException">It is not of this form, or was changed since.</exception>
    public abstract TransformedValue Read(ReadOnlyMemory<byte> stored, string key);

    /// <summary>A value in the form in which it is stored.</summary>
    public abstract ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> value, string key);
}

/// <param name="IsStale">A write would store it in another form, or with another key.</param>
internal readonly record struct TransformedValue(ReadOnlyMemory<byte> Value, bool IsStale);

/// <summary>A stored value cannot be read. The message is upstream's.</summary>
internal sealed class TransformException(string message) : Exception(message);

/// <summary>Values lie as they are.</summary>
internal sealed class IdentityTransformer : ValueTransformer
{
    public static readonly IdentityTransformer Instance = new();

    public override TransformedValue Read(ReadOnlyMemory<byte> stored, string key) => stored.Span.StartsWith("k8s:enc:"u8)
        ? throw new TransformException("identity transformer tried to read encrypted data")
        : new(stored, false);

    public override ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> value, string key) => value;
}
