using System.Text;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>Sends the values of one header in a line each.</summary>
/// <remarks>The platform's client joins them with commas, which is the same for most headers; but groups and the like are told apart by
/// line, and may have commas in them. So they are handed over as one text with a mark between them, and the encoding that the client
/// asks for this header's bytes writes a new line in its place. For HTTP/1.1 only.</remarks>
internal sealed class HeaderLines : Encoding
{
    /// <summary>Of the private use area: <see cref="Join"/> refuses values that have it.</summary>
    private const char Mark = '\uE000';

    private readonly byte[] _next;

    private HeaderLines(string name) => _next = UTF8.GetBytes($"\r\n{name}: ");

    /// <summary>The encoding of a header's value; for the client's handler.</summary>
    public static Encoding For(string name, HttpRequestMessage request) => RemoteUser.IsReserved(name) ? new HeaderLines(name) : UTF8;

    /// <summary>Several values as one, for a client whose handler has this encoding.</summary>
    /// <exception cref="HttpRequestException">A value cannot stand in a header.</exception>
    public static string Join(string name, IEnumerable<string> values)
    {
        var joined = new StringBuilder();
        foreach (var value in values)
        {
            Check(name, value);
            if (joined.Length > 0)
                joined.Append(Mark);
            joined.Append(value);
        }

        return joined.ToString();
    }

    /// <exception cref="HttpRequestException">The value cannot stand in a header.</exception>
    public static void Check(string name, string value)
    {
        foreach (var one in value)
            if (one is < ' ' or '\x7f' or Mark)
                throw new HttpRequestException($"net/http: invalid header field value for \"{name}\"");
    }

    public override int GetByteCount(char[] chars, int index, int count)
    {
        var text = chars.AsSpan(index, count);
        return UTF8.GetByteCount(text) + (text.Count(Mark) * (_next.Length - UTF8.GetByteCount([Mark])));
    }

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex)
    {
        var written = byteIndex;
        foreach (var part in chars.AsSpan(charIndex, charCount).Split(Mark))
        {
            if (part.Start.Value > 0)
            {
                _next.CopyTo(bytes, written);
                written += _next.Length;
            }

            written += UTF8.GetBytes(chars.AsSpan(charIndex, charCount)[part], bytes.AsSpan(written));
        }

        return written - byteIndex;
    }

    public override int GetMaxByteCount(int charCount) => UTF8.GetMaxByteCount(charCount) + (charCount * _next.Length);

    public override int GetCharCount(byte[] bytes, int index, int count) => UTF8.GetCharCount(bytes, index, count);

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        UTF8.GetChars(bytes, byteIndex, byteCount, chars, charIndex);

    public override int GetMaxCharCount(int byteCount) => UTF8.GetMaxCharCount(byteCount);
}
