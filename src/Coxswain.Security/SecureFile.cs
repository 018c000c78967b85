using System.Text;

namespace Coxswain.Security;

/// <summary>Writes files that must never be seen half done, nor by anybody else.</summary>
public static class SecureFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces a file in one step: readers see the old text or the new one. The new file is on disk when this returns.</summary>
    /// <param name="mode">The mode from the first moment on; 0600 if not given.</param>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = OwnerOnly)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = mode,
        }))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        // The umask may have taken bits away from a mode that is meant to be readable.
        File.SetUnixFileMode(temporary, mode);
        File.Move(temporary, path, overwrite: true);
    }

    public static void Write(string path, string content, UnixFileMode mode = OwnerOnly) =>
        Write(path, Encoding.UTF8.GetBytes(content), mode);

    /// <summary>A folder that only its owner may enter.</summary>
    public static void CreateDirectory(string path)
    {
        Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.UserExecute);
    }
}
