using System.Text;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>A container's last words: what it wrote into its termination message file, or the end of its log.</summary>
internal static class TerminationMessages
{
    private const int MaxFile = 4096;
    private const int MaxLog = 2048;
    private const int MaxLogLines = 80;

    /// <summary>The message of an exited container; what the runtime says of it comes first.</summary>
    public static string Of(Runtime.ContainerStatus status)
    {
        var path = status.Annotations.GetValueOrDefault(RuntimeLabels.TerminationMessagePath, "");
        var policy = status.Annotations.GetValueOrDefault(RuntimeLabels.TerminationMessagePolicy, "");
        var fallBack = policy == TerminationMessagePolicy.FallbackToLogsOnError && status.ExitCode != 0;
        string own;
        try
        {
            own = path.Length == 0 ? "" : FromFile(status, path);
            if (own.Length == 0 && fallBack)
                own = FromLog(status.LogPath);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            own = $"Error reading termination message: {unreadable.Message}";
        }

        return (status.Message.Length, own.Length) switch
        {
            (0, _) => own,
            (_, 0) => status.Message,
            _ => $"{status.Message}: {own}",
        };
    }

    private static string FromFile(Runtime.ContainerStatus status, string path)
    {
        var mount = status.Mounts.FirstOrDefault(mount => string.Equals(mount.ContainerPath, path, StringComparison.Ordinal));
        return mount is null || !File.Exists(mount.HostPath) ? "" : Encoding.UTF8.GetString(Tail(mount.HostPath, MaxFile));
    }

    private static string FromLog(string logPath)
    {
        if (logPath.Length == 0 || !File.Exists(logPath))
            return "";
        // The frame of each line is not part of the message, so more than the limit is read.
        var lines = Encoding.UTF8.GetString(Tail(logPath, MaxLog * 4)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var text = new StringBuilder();
        foreach (var line in lines.TakeLast(MaxLogLines))
        {
            // time stream tag text
            var fields = line.Split(' ', 4);
            if (fields.Length == 4)
                text.Append(fields[3]).Append(fields[2] == "P" ? "" : "\n");
        }

        return text.Length > MaxLog ? text.ToString(text.Length - MaxLog, MaxLog) : text.ToString();
    }

    private static byte[] Tail(string path, int limit)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length > limit)
            stream.Seek(-limit, SeekOrigin.End);
        var buffer = new byte[limit];
        var length = stream.ReadAtLeast(buffer, limit, throwOnEndOfStream: false);
        return buffer[..length];
    }
}
