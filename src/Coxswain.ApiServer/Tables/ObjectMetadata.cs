using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Tables;

/// <summary>Finds the metadata in an object's JSON, so that it can be copied.</summary>
internal static class ObjectMetadata
{
    private static readonly ObjectCodec Codec = CodecTable.Find(new("meta.k8s.io", "v1", "PartialObjectMetadata"))!;

    /// <summary>The JSON of an object's metadata, copied from its own unless some of its annotations are not to be seen.</summary>
    public static ReadOnlyMemory<byte> Of(ObjectMeta metadata, ReadOnlyMemory<byte> json, ApiList<string> hidden)
    {
        var shown = Without(metadata, hidden);
        return ReferenceEquals(shown, metadata) ? Slice(json) : Slice(Codec.ToJson(new PartialObjectMetadata { Metadata = shown }));
    }

    /// <summary>The metadata without some annotations.</summary>
    public static ObjectMeta Without(ObjectMeta metadata, ApiList<string> hidden)
    {
        foreach (var key in hidden)
        {
            if (metadata.Annotations.ContainsKey(key))
                metadata = metadata with { Annotations = metadata.Annotations.Without(key) };
        }

        return metadata;
    }

    /// <summary>The JSON of the member; an empty object where there is none.</summary>
    private static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span, new() { MaxDepth = 10_000 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isMetadata)
                return json[start..(int)reader.BytesConsumed];
        }

        return "{}"u8.ToArray();
    }
}
