namespace Coxswain.Cel;

/// <summary>What a <see cref="CelValue"/> is at run time.</summary>
public enum CelKind : byte
{
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List,
    /// <summary>A map, or an object with fields: both answer to names.</summary>
    Map,
    Type,
    Optional,
    /// <summary>A value of a library's own type, such as a URL or a quantity.</summary>
    Opaque,
    /// <summary>The evaluation of this part failed. Logic may absorb it; everything else passes it on.</summary>
    Error,
}
