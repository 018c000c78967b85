using System.Text;

namespace Coxswain.Node.Host;

/// <summary>The mounts of this process' mount namespace (proc_pid_mountinfo(5)).</summary>
internal static class MountTable
{
    /// <summary>Every mount point at or under a folder, the innermost first: the order in which to unmount.</summary>
    public static IReadOnlyList<string> Under(string folder, string mountInfo)
    {
        var found = new List<string>();
        foreach (var line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ');
            if (fields.Length < 5)
                continue;
            var point = Unescape(fields[4]);
            if (point == folder || point.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal))
                found.Add(point);
        }
        // Later lines are mounted later, and what covers a mount point comes after it.
        found.Reverse();
        return [.. found.OrderByDescending(p => p.Count(c => c == '/'))];
    }

    public static Task<string> ReadAsync(CancellationToken cancellation) => File.ReadAllTextAsync("/proc/self/mountinfo", cancellation);

    // The kernel writes blanks, tabs, newlines and backslashes as three octal digits.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
            return field;
        var bytes = new List<byte>(field.Length);
        var source = Encoding.UTF8.GetBytes(field);
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '\\' && i + 3 < source.Length)
            {
                bytes.Add((byte)(((source[i + 1] - '0') << 6) | ((source[i + 2] - '0') << 3) | (source[i + 3] - '0')));
                i += 3;
            }
            else
            {
                bytes.Add(source[i]);
            }
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
