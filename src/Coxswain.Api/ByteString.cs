using System.Text;

namespace Coxswain.Api;

/// <summary>Immutable bytes with equality by content (the values of a Secret). The default value is absent and reads as empty.</summary>
public readonly struct ByteString : IEquatable<ByteString>
{
    private readonly byte[]? _bytes;

    private ByteString(byte[] bytes) => _bytes = bytes;

    public static ByteString Empty => default;

    public bool IsAbsent => _bytes is null;

    public int Length => _bytes is null ? 0 : _bytes.Length;

    public ReadOnlySpan<byte> Span => _bytes;

    public ReadOnlyMemory<byte> Memory => _bytes;

    public static ByteString Copy(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());

    /// <summary>The UTF-8 form of a text.</summary>
    public static ByteString FromUtf8(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>Takes the array over, which nobody may change from now on.</summary>
    internal static ByteString Wrap(byte[] bytes) => new(bytes);

    /// <summary>The bytes read as UTF-8.</summary>
    public string ToUtf8String() => Encoding.UTF8.GetString(Span);

    public byte[] ToArray() => Span.ToArray();

    public bool Equals(ByteString other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is ByteString other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>The length only: the bytes are often secret.</summary>
    public override string ToString() => $"{Length} bytes";

    public static bool operator ==(ByteString left, ByteString right) => left.Equals(right);

    public static bool operator !=(ByteString left, ByteString right) => !left.Equals(right);
}
