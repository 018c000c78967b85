using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Patching;

namespace Coxswain.ApiServer.Verbs;

/// <summary>Where a list goes on: the revision of its first page and the last key that was sent.</summary>
/// <param name="Revision">-1: the newest, for lists whose first revision is no longer known.</param>
internal readonly record struct ContinueToken(long Revision, string LastKey)
{
    private const string Version = "meta.k8s.io/v1";

    /// <param name="prefix">The prefix of the listed range; the token holds what follows it.</param>
    public static string Encode(long revision, string lastKey, string prefix)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(96);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("v"u8, Version);
            json.WriteNumber("rv"u8, revision);
            // The next key possible: the last one with a zero after it.
            json.WriteString("start"u8, string.Concat(lastKey.AsSpan(prefix.Length), "\0"));
            json.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.WrittenSpan);
    }

    /// <exception cref="ApiException">400: the text is no token of ours.</exception>
    public static ContinueToken Decode(string text, string prefix)
    {
        byte[] bytes;
        try
        {
            bytes = Decode(text);
        }
        catch (FormatException)
        {
            throw Invalid("continue key is not valid: illegal base64 data at input byte " + IllegalAt(text));
        }

        string start;
        long revision;
        string version;
        try
        {
            if (JsonTree.Parse(bytes) is not JsonObject root)
                throw Invalid("continue key is not valid: json: cannot unmarshal into Go value of type storage.continueToken");
            version = Text(root, "v");
            revision = root["rv"] is JsonValue rv && rv.TryGetValue<long>(out var number) ? number : 0;
            start = Text(root, "start");
        }
        catch (JsonException)
        {
            throw Invalid($"continue key is not valid: invalid character {Character(bytes)} looking for beginning of value");
        }

        if (version != Version)
            throw Invalid($"continue key is not valid: server does not recognize this encoded version {GoText.Quote(version)}");
        if (revision == 0)
            throw Invalid("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
        if (start.Length == 0)
            throw Invalid("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
        if (start.Contains("..", StringComparison.Ordinal))
            throw Invalid($"continue key is not valid: {start}");
        return new(revision, prefix + start.TrimEnd('\0'));
    }

    private static string Text(JsonObject token, string name) => token[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static byte[] Decode(string text)
    {
        // Go's decoder does not mind bits set behind the last whole byte; this one does, so they are cleared first.
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var last = text.Length > 0 ? Alphabet.IndexOf(text[^1], StringComparison.Ordinal) : -1;
        if (last < 0 || text.Length % 4 is 0 or 1)
            return Base64Url.DecodeFromChars(text);
        var mask = text.Length % 4 == 2 ? 0b110000 : 0b111100;
        return Base64Url.DecodeFromChars(string.Concat(text.AsSpan(0, text.Length - 1), [Alphabet[last & mask]]));
    }

    private static ApiException Invalid(string why) => new(Statuses.BadRequest("invalid continue token: " + why));

    private static string Character(byte[] bytes)
    {
        if (bytes.Length == 0)
            return "''";
        var first = (char)bytes[0];
        return first is >= ' ' and < '\x7f' ? $"'{first}'" : $"'\\u{(int)first:x4}'";
    }

    private static int IllegalAt(string text)
    {
        for (var i = 0; i < text.Length; i++)
            if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('-' or '_'))
                return i;
        return text.Length;
    }

}
