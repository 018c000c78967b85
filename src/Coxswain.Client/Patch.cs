using System.Text;

namespace Coxswain.Client;

/// <summary>A change to an object, as the body and content type of a PATCH request.</summary>
public sealed record Patch
{
    public const string JsonPatchType = "application/json-patch+json";
    public const string MergePatchType = "application/merge-patch+json";
    public const string StrategicMergePatchType = "application/strategic-merge-patch+json";
    public const string ApplyPatchType = "application/apply-patch+yaml";

    public required string ContentType { get; init; }
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Who owns the fields; required for server-side apply.</summary>
    public string FieldManager { get; init; } = "";

    /// <summary>Server-side apply only: take fields from other managers.</summary>
    public bool Force { get; init; }

    /// <summary>RFC 6902.</summary>
    public static Patch Json(ReadOnlyMemory<byte> body) => new() { ContentType = JsonPatchType, Body = body };

    /// <summary>RFC 7386.</summary>
    public static Patch Merge(ReadOnlyMemory<byte> body) => new() { ContentType = MergePatchType, Body = body };
    public static Patch Merge(string json) => Merge(Encoding.UTF8.GetBytes(json));
    public static Patch StrategicMerge(ReadOnlyMemory<byte> body) => new() { ContentType = StrategicMergePatchType, Body = body };
    public static Patch StrategicMerge(string json) => StrategicMerge(Encoding.UTF8.GetBytes(json));

    /// <summary>Server-side apply of a whole or partial object, as JSON or YAML with apiVersion and kind.</summary>
    public static Patch Apply(ReadOnlyMemory<byte> body, string fieldManager, bool force = false) =>
        new() { ContentType = ApplyPatchType, Body = body, FieldManager = fieldManager, Force = force };
}
