namespace Coxswain.Api.ServerSideApply;

/// <summary>Who writes an object, how and when.</summary>
public sealed record FieldWrite
{
    /// <summary>The field manager; for an update that names none, what stands before the slash of the user agent.</summary>
    public required string Manager { get; init; }

    /// <summary>The subresource written to, or empty.</summary>
    public string Subresource { get; init; } = "";

    public required DateTimeOffset Time { get; init; }

    /// <summary>What such a write never changes and so never owns: <c>status</c> when the object itself is written.</summary>
    public FieldSet Ignored { get; init; } = FieldSet.Empty;
}
