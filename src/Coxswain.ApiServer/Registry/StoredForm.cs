using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.ServerSideApply;

namespace Coxswain.ApiServer.Registry;

/// <summary>Turns objects of one served version into the bytes that are stored, and back. Kinds served in several versions are
/// stored in one of them.</summary>
internal class StoredForm(ResourceDescriptor descriptor, ObjectCodec codec)
{
    /// <summary>The resource as which the objects are stored.</summary>
    public ResourceDescriptor Descriptor => descriptor;

    /// <summary>The codec of the version in which they are served.</summary>
    public virtual ObjectCodec ServedCodec => codec;

    /// <summary>The stored bytes are of another version than the served ones.</summary>
    public virtual bool Converts => false;

    public virtual IMetadataObject ToStored(IMetadataObject served) => served;

    public virtual IMetadataObject FromStored(IMetadataObject stored) => stored;

    /// <summary>The bytes to be stored: JSON without a resource version, which is the store's to give.</summary>
    public virtual byte[] Encode(IMetadataObject served)
    {
        var stored = ToStored(served);
        if (stored.Metadata.ResourceVersion.Length > 0)
            stored = stored.WithMetadata(stored.Metadata with { ResourceVersion = "" });
        return codec.ToStoredJson(stored);
    }

    /// <summary>Who keeps account of the owners of fields.</summary>
    public virtual ManagedFieldsManager CreateManager() => ManagedFieldsManager.For(ServedCodec);

    /// <summary>The kind as which the objects are stored.</summary>
    public GroupVersionKind StoredKind => codec.Kind;

    public byte[] EncodeServed(IMetadataObject served) => ServedCodec.ToStoredJson(served);

    public virtual IMetadataObject Decode(ReadOnlySpan<byte> value)
    {
        var stored = IsPlainJson(value)
            ? (IMetadataObject)codec.ReadJson(value, null)
            : (IMetadataObject)codec.ReadProtobuf(ProtobufEnvelope.Read(value.ToArray()).Message.Span);
        return FromStored(stored);
    }

    public static bool IsPlainJson(ReadOnlySpan<byte> value) => !value.StartsWith("k8s\0"u8);

    public virtual IMetadataObject Blank(ObjectMeta metadata) =>
        ((IMetadataObject)ServedCodec.ReadJson("{}"u8, null)).WithMetadata(metadata);
}
