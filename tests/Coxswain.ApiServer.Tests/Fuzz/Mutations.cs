using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.ApiServer.Tests.Fuzz;

/// <summary>Samples with faults worked into them.</summary>
internal static class Mutations
{
    // What makes a difference to a reader is more likely to find a fault than any byte.
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud800", "null", "true", "0", "-", "-1", "1e999", "99999999999999999999", " ", "\t", "/", "//", "/../",
        "/./", "%", "%2F", "%2f", "%00", "%zz", "%25", "%c3%28", "..", ".", "+", "=", "==", "!=", "&", ";", "?", "#", "(", ")", "in", "notin", "*", "$", "~", "~1", "\u00ff",
        "\u0000", "\u007f", "\ufeff", "metadata", "a: ", "&a ", "*a", "<<: ", "- ", "|", "'", "!!binary ", "k8s\0", "eyJ2IjoibWV0YS5rOHMuaW8vdjEi", "\ud83d\ude00",
    ];

    /// <summary>How much longer than usual to look: COXSWAIN_FUZZ=100 runs a hundred times as many cases.</summary>
    public static int Runs(int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable("COXSWAIN_FUZZ"), out var factor) && factor > 0 ? usual * factor : usual;

    public static Gen<byte[]> Of(params IReadOnlyList<byte[]> samples)
    {
        var edit = from at in Gen.Choose(0, int.MaxValue)
                   from kind in Gen.Choose(0, 5)
                   from value in Gen.Choose(0, 255)
                   from piece in Gen.Elements(Pieces)
                   select (at, kind, value, piece);
        var bytes = from sample in Gen.Elements(samples.ToArray())
                    from edits in Gen.NonEmptyListOf(edit)
                    select edits.Take(6).Aggregate(sample, (b, e) => Apply(b, e.at, e.kind, e.value, e.piece));
        var junk = from edits in Gen.ListOf(edit)
                   select edits.Aggregate(Array.Empty<byte>(), (b, e) => Apply(b, e.at, 5, e.value, e.piece));
        return Gen.Frequency((9, bytes), (1, junk));
    }

    public static Gen<string> Of(params IReadOnlyList<string> samples) =>
        Of([.. samples.Select(Encoding.UTF8.GetBytes)]).Select(Encoding.UTF8.GetString);

    /// <summary>As many cases as one may look at.</summary>
    public static IEnumerable<T> Cases<T>(this Gen<T> generator, int usual)
    {
        // In small lots, so that a long run does not hold everything at once.
        for (var left = Runs(usual); left > 0; left -= 100)
            foreach (var one in generator.Sample(20, Math.Min(left, 100)))
                yield return one;
    }

    private static byte[] Apply(byte[] bytes, int at, int kind, int value, string piece)
    {
        at %= bytes.Length + 1;
        var end = Math.Min(bytes.Length, at + 1 + (value % 40));
        return kind switch
        {
            0 when value < 40 => bytes[..at],
            1 => [.. bytes[..at], .. bytes[end..]],
            2 => [.. bytes[..end], .. bytes[at..]],
            3 when at < bytes.Length => [.. bytes[..at], (byte)value, .. bytes[(at + 1)..]],
            4 => [.. bytes[..at], (byte)value, .. bytes[at..]],
            _ => [.. bytes[..at], .. Encoding.UTF8.GetBytes(piece), .. bytes[at..]],
        };
    }
}
