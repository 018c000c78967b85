using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>In which form each kind is stored: its own, unless it is also served in another version.</summary>
internal static class StoredForms
{
    public static GroupVersionKind StoredKind(ResourceDescriptor descriptor) =>
        ConversionTable.Find(descriptor) is { } conversion ? conversion.Storage.Kind : descriptor.Kind;

    public static StoredForm For(ResourceDescriptor descriptor) => ConversionTable.Find(descriptor) is { } conversion
        ? new ConvertedForm(descriptor, Codec(conversion.Storage.Kind), Codec(descriptor.Kind), conversion)
        : new StoredForm(descriptor, Codec(descriptor.Kind));

    private static ObjectCodec Codec(GroupVersionKind kind) =>
        CodecTable.Find(kind) ?? throw new InvalidOperationException($"no codec for {kind}");
}
