using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>Objects that are served in another form than they are stored in.</summary>
internal sealed class ConvertedForm(ResourceDescriptor descriptor, ObjectCodec stored, ObjectCodec served, IConversion conversion)
    : StoredForm(descriptor, stored)
{
    public override ObjectCodec ServedCodec => served;

    public override bool Converts => true;

    public override IMetadataObject ToStored(IMetadataObject value) => conversion.ToStorage(value);

    public override IMetadataObject FromStored(IMetadataObject value) => conversion.FromStorage(value);
}
