using System.Text.Json;
using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>Takes a list's JSON apart, so that each item is read once, by its own codec.</summary>
internal static class ListReader
{
    public static ResourceList<T> Read<T>(ReadOnlySpan<byte> json, ObjectCodec codec) where T : class, IMetadataObject
    {
        var items = new List<T>();
        var (version, next) = ("", "");
        try
        {
            var reader = new Utf8JsonReader(json);
            Expect(ref reader, JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("metadata"u8))
                {
                    reader.Read();
                    ReadMetadata(ref reader, ref version, ref next);
                }
                else if (reader.ValueTextEquals("items"u8))
                {
                    reader.Read();
                    ReadItems(ref reader, json, codec, items);
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
        }
        catch (JsonException error)
        {
            throw new DecodeException("the server's list is no JSON: " + error.Message);
        }
        return new(items, version, next);
    }

    /// <summary>What a document says it is.</summary>
    public static GroupVersionKind KindOf(ReadOnlySpan<byte> json)
    {
        var (apiVersion, kind) = ("", "");
        try
        {
            var reader = new Utf8JsonReader(json);
            Expect(ref reader, JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && (apiVersion.Length == 0 || kind.Length == 0))
            {
                var isVersion = reader.ValueTextEquals("apiVersion"u8);
                var isKind = reader.ValueTextEquals("kind"u8);
                reader.Read();
                if (isVersion)
                    apiVersion = reader.GetString() ?? "";
                else if (isKind)
                    kind = reader.GetString() ?? "";
                else
                    reader.Skip();
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DecodeException("the server's answer is no JSON object: " + error.Message);
        }
        return GroupVersion.TryParse(apiVersion, out var version) ? new(version.Group, version.Version, kind) : new("", "", kind);
    }

    /// <summary>The members of a list's (or a bookmark's) metadata that say where it stands; the reader is at its brace.</summary>
    public static void ReadMetadata(ref Utf8JsonReader reader, ref string version, ref string next)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isVersion = reader.ValueTextEquals("resourceVersion"u8);
            var isNext = reader.ValueTextEquals("continue"u8);
            reader.Read();
            if (isVersion)
                version = reader.GetString() ?? "";
            else if (isNext)
                next = reader.GetString() ?? "";
            else
                reader.Skip();
        }
    }

    private static void ReadItems<T>(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ObjectCodec codec, List<T> items)
        where T : class, IMetadataObject
    {
        if (reader.TokenType == JsonTokenType.Null)
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            items.Add((T)codec.ReadJson(json[start..(int)reader.BytesConsumed], null));
        }
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token)
            throw new JsonException("an object was expected");
    }
}
