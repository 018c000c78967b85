using System.Text.Json;

namespace Coxswain.ApiServer.Tables;

/// <summary>Finds the metadata in an object's JSON, so that it can be copied.</summary>
internal static class ObjectMetadata
{
    /// <summary>The JSON of the member; an empty object where there is none.</summary>
    public static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new() { MaxDepth = 10_000 });
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

        return "{}"u8;
    }
}
