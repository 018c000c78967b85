namespace Coxswain.Api;

/// <summary>Where Go's decoder of base64 stops.</summary>
internal static class GoBase64
{
    public static int FirstIllegalByte(ReadOnlySpan<byte> text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            var c = text[at];
            if (c is (byte)'=' || !(char.IsAsciiLetterOrDigit((char)c) || c is (byte)'+' or (byte)'/' or (byte)'\r' or (byte)'\n'))
                return at;
        }
        // All of it is in the alphabet, so the last group is short.
        return text.Length - (text.Length % 4);
    }
}
