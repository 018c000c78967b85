using System.Globalization;

namespace Coxswain.Node.Volumes;

/// <param name="Mode">Permission bits.</param>
/// <param name="Owner">User who is to own the file, if not root.</param>
internal sealed record ProjectedFile(ReadOnlyMemory<byte> Content, int Mode, long? Owner = null);

/// <summary>Replaces all files of a folder at once, as readers see it.</summary>
/// <remarks>
/// The layout is upstream's: files lie in a folder named by time, the link "..data" points to it, and each visible name is a link through
/// "..data". A change makes a new folder and renames the link over the old one, which the kernel does as one step.
/// </remarks>
internal static class AtomicWriter
{
    private const string Data = "..data";

    /// <param name="prepare">Sets owners of the new folder before it is shown.</param>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="IOException">A path leads out of the folder, or writing failed.</exception>
    public static bool Write(
        string folder, IReadOnlyDictionary<string, ProjectedFile> files, DateTimeOffset now, Action<string>? prepare = null)
    {
        foreach (var path in files.Keys)
            Check(path);

        var link = Path.Combine(folder, Data);
        var old = new FileInfo(link).LinkTarget;
        var oldFolder = old is null ? null : Path.Combine(folder, old);
        if (oldFolder is not null && Directory.Exists(oldFolder) && IsSame(oldFolder, files))
        {
            ShowNames(folder, files);
            return false;
        }

        var name = now.ToString("..yyyy_MM_dd_HH_mm_ss.fffffff", CultureInfo.InvariantCulture);
        var target = Path.Combine(folder, name);
        for (var i = 0; Directory.Exists(target); i++)
            target = Path.Combine(folder, name = $"{name}{i}");
        Directory.CreateDirectory(target, FileModes.From(0x1ED /* 0755 */));
        File.SetUnixFileMode(target, FileModes.From(0x1ED));
        foreach (var (path, file) in files)
            WriteFile(Path.Combine(target, path), file);
        prepare?.Invoke(target);

        var temporary = Path.Combine(folder, Data + "_tmp");
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, name);
        // Not File.Move: that looks through the link and finds no file.
        Libc.Rename(temporary, link);
        ShowNames(folder, files);
        HideNames(folder, files);
        if (oldFolder is not null && Directory.Exists(oldFolder) && !string.Equals(oldFolder, target, StringComparison.Ordinal))
            Directory.Delete(oldFolder, recursive: true);
        return true;
    }

    private static void WriteFile(string path, ProjectedFile file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, FileModes.From(0x1ED));
        using (var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = FileModes.From(0x180 /* 0600 */),
        }))
        {
            stream.Write(file.Content.Span);
        }

        File.SetUnixFileMode(path, FileModes.From(file.Mode));
    }

    private static bool IsSame(string folder, IReadOnlyDictionary<string, ProjectedFile> files)
    {
        var present = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path))
            .ToHashSet(StringComparer.Ordinal);
        if (present.Count != files.Count)
            return false;
        foreach (var (path, file) in files)
        {
            var full = Path.Combine(folder, path);
            if (!present.Contains(path) || !File.ReadAllBytes(full).AsSpan().SequenceEqual(file.Content.Span))
                return false;
        }

        return true;
    }

    private static void ShowNames(string folder, IReadOnlyDictionary<string, ProjectedFile> files)
    {
        foreach (var name in Names(files))
        {
            var visible = Path.Combine(folder, name);
            if (new FileInfo(visible).LinkTarget is null)
                File.CreateSymbolicLink(visible, Path.Combine(Data, name));
        }
    }

    private static void HideNames(string folder, IReadOnlyDictionary<string, ProjectedFile> files)
    {
        var wanted = Names(files);
        foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
        {
            var name = Path.GetFileName(entry);
            if (!name.StartsWith("..", StringComparison.Ordinal) && !wanted.Contains(name) && new FileInfo(entry).LinkTarget is not null)
                File.Delete(entry);
        }
    }

    private static HashSet<string> Names(IReadOnlyDictionary<string, ProjectedFile> files) =>
        files.Keys.Select(path => path.Split('/')[0]).ToHashSet(StringComparer.Ordinal);

    private static void Check(string path)
    {
        var parts = path.Split('/');
        if (path.Length == 0 || path[0] == '/' || parts.Contains("..", StringComparer.Ordinal))
            throw new IOException($"invalid path: must be relative path and not contain '..': {path}");
        if (parts[0].StartsWith("..", StringComparison.Ordinal))
            throw new IOException($"invalid path: must not start with '..': {path}");
    }
}

internal static class FileModes
{
    /// <summary>Permission bits as a number, setuid, setgid and sticky included.</summary>
    public static UnixFileMode From(int mode) => (UnixFileMode)(mode & 0xFFF);
}
