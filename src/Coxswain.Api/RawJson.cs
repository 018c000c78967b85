using System.Text;
using System.Text.Json.Nodes;

namespace Coxswain.Api;

/// <summary>A JSON value kept as its UTF-8 bytes, for places whose content is not ours to know. The default value is absent.</summary>
/// <remarks>Equality is by bytes: two texts of one value that differ in white space are different.</remarks>
public readonly struct RawJson : IEquatable<RawJson>
{
    private readonly byte[]? _utf8;

    private RawJson(byte[]? utf8) => _utf8 = utf8;

    public static RawJson Empty => default;

    public bool IsAbsent => _utf8 is null;

    public ReadOnlySpan<byte> Utf8 => _utf8;

    public ReadOnlyMemory<byte> Memory => _utf8;

    /// <summary>A copy of bytes that are one JSON value; the caller vouches for that.</summary>
    public static RawJson Copy(ReadOnlySpan<byte> utf8) => new(utf8.ToArray());

    /// <summary>The value whose text this is; the caller vouches that it is JSON.</summary>
    public static RawJson FromText(string json) => new(Encoding.UTF8.GetBytes(json));

    public static RawJson FromNode(JsonNode? node) => FromText(node?.ToJsonString() ?? "null");

    /// <summary>Takes the array over, which nobody may change from now on.</summary>
    internal static RawJson Wrap(byte[] utf8) => new(utf8);

    /// <summary>The value as a tree of its own; null for an absent value and for JSON's null.</summary>
    public JsonNode? ToNode() => IsAbsent ? null : JsonNode.Parse(Utf8);

    public bool Equals(RawJson other) => Utf8.SequenceEqual(other.Utf8);

    public override bool Equals(object? obj) => obj is RawJson other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Utf8);
        return hash.ToHashCode();
    }

    public override string ToString() => Encoding.UTF8.GetString(Utf8);

    public static bool operator ==(RawJson left, RawJson right) => left.Equals(right);

    public static bool operator !=(RawJson left, RawJson right) => !left.Equals(right);
}
