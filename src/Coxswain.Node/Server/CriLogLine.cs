using System.Globalization;
using System.Text;

namespace Coxswain.Node.Server;

/// <summary>One line of a log file as the runtime writes it: time, stream, tag (F: whole, P: to be continued), text.</summary>
internal readonly ref struct CriLogLine
{
    public ReadOnlySpan<byte> Time { get; private init; }
    public ReadOnlySpan<byte> Stream { get; private init; }
    public bool IsPartial { get; private init; }
    public ReadOnlySpan<byte> Text { get; private init; }

    /// <summary>Reads a line without its line feed; false when it has another form (a crash of the machine may leave such).</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out CriLogLine parsed)
    {
        parsed = default;
        if (!TryCut(line, out var time, out var afterTime) || !TryCut(afterTime, out var stream, out line))
            return false;
        // The tag may end the line: an empty text has no blank after it in some runtimes.
        var end = line.IndexOf((byte)' ');
        var tags = end < 0 ? line : line[..end];
        if (tags.IsEmpty || !(stream.SequenceEqual("stdout"u8) || stream.SequenceEqual("stderr"u8)))
            return false;

        parsed = new()
        {
            Time = time,
            Stream = stream,
            // Tags are separated by colons; only the first one is defined.
            IsPartial = tags[0] == (byte)'P' && (tags.Length == 1 || tags[1] == (byte)':'),
            Text = end < 0 ? [] : line[(end + 1)..],
        };
        return true;
    }

    public bool TryGetTime(out DateTimeOffset time) =>
        DateTimeOffset.TryParse(Encoding.ASCII.GetString(Time), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    /// <summary>The time with nine decimals, so that columns align, followed by a blank.</summary>
    public byte[] TimePrefix()
    {
        var text = Encoding.ASCII.GetString(Time);
        var zone = text.AsSpan(Math.Min(text.Length, 19)).IndexOfAny('Z', '+', '-');
        var zoneAt = zone < 0 ? text.Length : zone + 19;
        var fraction = zoneAt > 20 ? text[20..zoneAt] : "";
        return Encoding.ASCII.GetBytes($"{text[..Math.Min(text.Length, 19)]}.{fraction.PadRight(9, '0')}{text[zoneAt..]} ");
    }

    private static bool TryCut(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> word, out ReadOnlySpan<byte> rest)
    {
        var blank = line.IndexOf((byte)' ');
        word = blank < 0 ? default : line[..blank];
        rest = blank < 0 ? line : line[(blank + 1)..];
        return blank > 0;
    }
}
