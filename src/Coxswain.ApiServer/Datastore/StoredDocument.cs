using Coxswain.Api;

namespace Coxswain.ApiServer.Datastore;

/// <summary>Documents that servers keep for each other below /registry and that no client sees: in upstream's form, so that servers of
/// both kinds can share them.</summary>
internal static class StoredDocument
{
    public static byte[] Encode(IKubernetesObject document) => Codec(document.GroupVersionKind).ToStoredJson(document);

    /// <summary>Reads JSON or upstream's protobuf.</summary>
    /// <returns>Null: it is something else, and to be made anew.</returns>
    public static T? Decode<T>(GroupVersionKind kind, ReadOnlyMemory<byte> stored)
        where T : class, IKubernetesObject
    {
        try
        {
            return (ProtobufEnvelope.IsEnvelope(stored.Span)
                ? Codec(kind).ReadProtobuf(ProtobufEnvelope.Read(stored).Message.Span)
                : Codec(kind).ReadJson(stored.Span, null)) as T;
        }
        catch (DecodeException)
        {
            return null;
        }
    }

    private static ObjectCodec Codec(GroupVersionKind kind) => CodecTable.Find(kind) ?? throw new InvalidOperationException($"{kind} has no codec");
}
