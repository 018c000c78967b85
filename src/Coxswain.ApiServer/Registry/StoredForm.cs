using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.ServerSideApply;

namespace Coxswain.ApiServer.Registry;

/// <summary>Turns objects of one served version into the bytes that are stored, and back. Kinds served in several versions are
/// stored in one of them.</summary>
internal class StoredForm(ResourceDescriptor descriptor, ObjectCodec codec)
{
    private readonly byte[] _head = JsonHead.Of(StoredVersions.Written(codec.Kind));
    private readonly int _ownHead = JsonHead.Of(codec.Kind).Length;


    /// <summary>The resource as which the objects are stored.</summary>
    public ResourceDescriptor Descriptor => descriptor;

    /// <summary>The codec of the version in which they are served.</summary>
    public virtual ObjectCodec ServedCodec => codec;

    /// <summary>The stored bytes are of another version than the served ones.</summary>
    public virtual bool Converts => StoredKind != codec.Kind;

    public virtual IMetadataObject ToStored(IMetadataObject served) => served;

    public virtual IMetadataObject FromStored(IMetadataObject stored) => stored;

    /// <summary>The bytes to be stored: JSON without a resource version, which is the store's to give.</summary>
    public virtual byte[] Encode(IMetadataObject served)
    {
        var stored = ToStored(served);
        if (stored.Metadata.ResourceVersion.Length > 0)
            stored = stored.WithMetadata(stored.Metadata with { ResourceVersion = "" });
        var bytes = codec.ToStoredJson(stored);
        return StoredKind == codec.Kind ? bytes : [.. _head, .. bytes.AsSpan(_ownHead)];
    }

    /// <summary>Who keeps account of the owners of fields.</summary>
    public virtual ManagedFieldsManager CreateManager() => ManagedFieldsManager.For(ServedCodec);

    /// <summary>The kind as which the objects are stored.</summary>
    public GroupVersionKind StoredKind { get; } = StoredVersions.Written(codec.Kind);

    public byte[] EncodeServed(IMetadataObject served) => ServedCodec.ToStoredJson(served);

    /// <summary>A stored value, in whatever form and version it is.</summary>
    /// <exception cref="DecodeException">It cannot be read.</exception>
    public virtual IMetadataObject Decode(ReadOnlySpan<byte> value) => FromStored(
        IsCurrent(value) ? (IMetadataObject)codec.ReadJson(value, null) : StoredVersions.Read(codec, value));

    /// <summary>Whether a value begins as this server writes it. What does not is written anew by the next write, even if it changes
    /// nothing, as upstream does with what it would write otherwise.</summary>
    public virtual bool IsCurrent(ReadOnlySpan<byte> value) => value.StartsWith(_head);

    public virtual IMetadataObject Blank(ObjectMeta metadata) =>
        ((IMetadataObject)ServedCodec.ReadJson("{}"u8, null)).WithMetadata(metadata);
}
