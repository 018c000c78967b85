namespace Coxswain.Node.Server;

/// <summary>A container's log: the file being written, and older ones that rotation has put aside.</summary>
internal static class LogFiles
{
    private const int BlockSize = 64 * 1024;

    /// <summary>The files put aside, the oldest first. Their names end in the time of rotation, so that names sort as times.</summary>
    public static IReadOnlyList<string> Rotated(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
            return [];
        return [.. Directory.EnumerateFiles(folder, Path.GetFileName(path) + ".*").Where(f => IsRotation(path, f)).Order(StringComparer.Ordinal)];
    }

    public static bool IsRotation(string path, string file)
    {
        var suffix = file.AsSpan(path.Length);
        return suffix.Length == "-yyyyMMdd-HHmmss".Length && suffix[0] == '.' && suffix[9] == '-'
            && !suffix[1..9].ContainsAnyExceptInRange('0', '9') && !suffix[10..].ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>Where to begin so that at most the last <paramref name="lines"/> lines follow: a file and a position in it.</summary>
    public static async Task<(int File, long Position)> FindTailAsync(IReadOnlyList<FileStream> files, long lines, CancellationToken cancellation)
    {
        if (lines == 0)
            return (files.Count - 1, files[^1].Length);

        var left = lines;
        var block = new byte[BlockSize];
        for (var i = files.Count - 1; i >= 0; i--)
        {
            var end = files[i].Length;
            // The line feed at the end of a file ends its last line and begins none.
            var last = true;
            while (end > 0)
            {
                var start = Math.Max(0, end - BlockSize);
                files[i].Position = start;
                var size = (int)(end - start);
                var read = await files[i].ReadAtLeastAsync(block.AsMemory(0, size), size, throwOnEndOfStream: false, cancellation);
                for (var at = read - 1; at >= 0; at--)
                {
                    if (block[at] != (byte)'\n')
                    {
                        last = false;
                        continue;
                    }
                    if (!last && --left == 0)
                        return (i, start + at + 1);
                    last = false;
                }
                end = start;
            }
            // The first line of a file ends at its beginning.
            if (files[i].Length > 0 && --left == 0)
                return (i, 0);
        }
        return (0, 0);
    }
}
