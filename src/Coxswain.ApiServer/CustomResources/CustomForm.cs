using Coxswain.Api;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.ServerSideApply;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>How the objects of one served version of a custom resource are stored: in the definition's storage version.</summary>
/// <param name="versions">The codecs of all versions by name: what is stored may be of a version that was the storage version before.</param>
internal sealed class CustomForm(
    ResourceDescriptor descriptor, CustomObjectCodec served, CustomObjectCodec storage, IReadOnlyDictionary<string, CustomObjectCodec> versions)
    : StoredForm(descriptor, storage)
{
    public override ObjectCodec ServedCodec => served;

    // Schemas change under what is stored, so the served bytes are always made anew.
    public override bool Converts => true;

    public override byte[] Encode(IMetadataObject value)
    {
        var stored = storage.Convert((CustomObject)value);
        if (stored.Metadata.ResourceVersion.Length > 0)
            stored = stored with { Metadata = stored.Metadata with { ResourceVersion = "" } };
        return storage.ToStoredJson(stored);
    }

    public override IMetadataObject Decode(ReadOnlySpan<byte> value)
    {
        var header = DocumentHeader.Read(value);
        var codec = GroupVersion.TryParse(header.ApiVersion, out var version) ? versions.GetValueOrDefault(version.Version, storage) : storage;
        return served.Convert(codec.Read(value));
    }

    public override bool IsCurrent(ReadOnlySpan<byte> value) => DocumentHeader.Read(value).ApiVersion == storage.Kind.ApiVersion;

    public override IMetadataObject Blank(ObjectMeta metadata) => served.Blank(metadata);

    public override ManagedFieldsManager CreateManager() =>
        new(served.Schema, served.Kind, () => served.ToJson(served.Blank(ObjectMeta.Empty)));
}
