using System.Buffers;

namespace Coxswain.Node.Server;

/// <summary>Copies a container's log, or a part of it, and if wanted what is written from now on.</summary>
/// <remarks>
/// 1. Open all files of the log, older ones included, and find where to begin. 2. Copy to their end. 3. When following: wait for more;
/// when the file was rotated away, go over to the new one; end when the container has and all is copied.
/// </remarks>
internal sealed class LogReader(string path, LogOptions options, Stream output, Func<CancellationToken, Task<bool>> isRunning, TimeProvider clock)
{
    private static readonly TimeSpan FollowStep = TimeSpan.FromMilliseconds(100);

    /// <summary>How often the runtime is asked whether the container still runs, counted in follow steps.</summary>
    private const int StepsPerQuestion = 10;

    /// <summary>More than a runtime puts on a line (16 KiB by default); a longer one is passed on in pieces.</summary>
    private const int LineLimit = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _line = new(4096);
    private readonly ArrayBufferWriter<byte> _pending = new(64 * 1024);
    private long _left = options.LimitBytes ?? long.MaxValue;
    private bool _atLineStart = true;

    public async Task CopyAsync(CancellationToken cancellation)
    {
        // 1.
        var files = Open();
        try
        {
            var (first, position) = options.TailLines is { } lines ? await LogFiles.FindTailAsync(files, lines, cancellation) : (0, 0);

            // 2.
            for (var i = first; i < files.Count; i++)
            {
                files[i].Position = i == first ? position : 0;
                if (!await CopyToEndAsync(files[i], cancellation))
                    return;
            }
            if (!options.Follow)
            {
                await EndLineAsync(cancellation);
                return;
            }

            // 3.
            await FollowAsync(files, cancellation);
        }
        finally
        {
            foreach (var file in files)
                await file.DisposeAsync();
        }
    }

    private List<FileStream> Open()
    {
        var files = new List<FileStream>();
        foreach (var file in LogFiles.Rotated(path).Append(path))
        {
            try
            {
                files.Add(OpenFile(file));
            }
            catch (FileNotFoundException) when (file != path || files.Count > 0)
            {
                // Rotated on, or removed as the oldest, since we looked.
            }
        }
        return files;
    }

    private static FileStream OpenFile(string file) =>
        new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: false);

    private async Task FollowAsync(List<FileStream> files, CancellationToken cancellation)
    {
        for (var step = 1; ; step++)
        {
            // Asked before the last copying, so that what it wrote before its end is not missed.
            var running = step % StepsPerQuestion != 0 || await isRunning(cancellation);
            var rotated = IsRotatedAway(files[^1]) && File.Exists(path);
            if (!await CopyToEndAsync(files[^1], cancellation))
                return;
            if (rotated)
            {
                await files[^1].DisposeAsync();
                files[^1] = OpenFile(path);
                continue;
            }
            if (!running)
            {
                await EndLineAsync(cancellation);
                return;
            }
            await output.FlushAsync(cancellation);
            await Task.Delay(FollowStep, clock, cancellation);
        }
    }

    // An open file follows its renaming: the kernel knows under which name it is to be found now.
    private bool IsRotatedAway(FileStream file) =>
        File.ResolveLinkTarget($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}", returnFinalTarget: false)?.FullName
        != Path.GetFullPath(path);

    /// <summary>Copies what is there; false when the limit of bytes is reached.</summary>
    private async Task<bool> CopyToEndAsync(FileStream file, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await file.ReadAsync(_pending.GetMemory(32 * 1024), cancellation);
            if (read == 0)
            {
                await WriteAsync(cancellation);
                return _left > 0;
            }
            _pending.Advance(read);
            TakeLines();
            await WriteAsync(cancellation);
            if (_left == 0)
                return false;
        }
    }

    private void TakeLines()
    {
        var rest = _pending.WrittenSpan;
        int end;
        while ((end = rest.IndexOf((byte)'\n')) >= 0)
        {
            Take(rest[..end]);
            rest = rest[(end + 1)..];
        }
        if (rest.Length > LineLimit)
        {
            Take(rest);
            rest = [];
        }
        var kept = rest.ToArray();
        _pending.ResetWrittenCount();
        _pending.Write(kept);
    }

    private void Take(ReadOnlySpan<byte> raw)
    {
        if (!CriLogLine.TryParse(raw, out var line)
            || (options.Stream is { } wanted && !System.Text.Ascii.Equals(line.Stream, wanted))
            || (options.Since is { } since && line.TryGetTime(out var time) && time < since))
            return;

        if (options.Timestamps && _atLineStart)
            _line.Write(line.TimePrefix());
        _line.Write(line.Text);
        if (!line.IsPartial)
            _line.Write("\n"u8);
        _atLineStart = !line.IsPartial;
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        var count = (int)Math.Min(_left, _line.WrittenCount);
        if (count > 0)
            await output.WriteAsync(_line.WrittenMemory[..count], cancellation);
        _left -= count;
        _line.ResetWrittenCount();
    }

    // A line that was being written when the machine stopped has no end; what there is of it is better than nothing.
    private async Task EndLineAsync(CancellationToken cancellation)
    {
        if (_pending.WrittenCount > 0)
            Take(_pending.WrittenSpan.ToArray());
        await WriteAsync(cancellation);
        await output.FlushAsync(cancellation);
    }
}
