using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.CustomResources;

/// <summary>An object of a kind that a CustomResourceDefinition defines. Immutable; equality is by content.</summary>
/// <param name="GroupVersionKind">What the document says it is: for a request, not yet what it must be.</param>
/// <param name="Content">All members but apiVersion, kind and metadata, as one JSON object without white space whose members are in
/// order at every level.</param>
public sealed record CustomObject(GroupVersionKind GroupVersionKind, ObjectMeta Metadata, RawJson Content) : IMetadataObject
{
    /// <summary>The content in which nothing is set.</summary>
    public static RawJson NoContent { get; } = RawJson.FromText("{}");

    public IMetadataObject WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };

    public override string ToString() => $"{GroupVersionKind} {NamespacedName.Of(this)}";
}
