using System.Text;
using Coxswain.Node.Server;
using Coxswain.Testing;

namespace Coxswain.Node.Tests.Server;

public sealed class LogReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-log-").FullName;

    private string LogPath => Path.Combine(_folder, "0.log");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Text_comes_without_time_stream_and_tag()
    {
        Write(LogPath, "2026-11-21T10:00:00.1Z stdout F one", "2026-11-21T10:00:01Z stderr F two  three", "2026-11-21T10:00:02Z stdout F ");

        Assert.Equal("one\ntwo  three\n\n", await ReadAsync(new()));
    }

    [Fact]
    public async Task Parts_of_a_line_become_one_line_with_one_time()
    {
        Write(LogPath, "2026-11-21T10:00:00.1Z stdout P one ", "2026-11-21T10:00:00.2Z stdout P and ", "2026-11-21T10:00:00.3Z stdout F two",
            "2026-11-21T10:00:01.123456789Z stdout F three");

        Assert.Equal("one and two\nthree\n", await ReadAsync(new()));
        Assert.Equal("2026-11-21T10:00:00.100000000Z one and two\n2026-11-21T10:00:01.123456789Z three\n",
            await ReadAsync(new() { Timestamps = true }));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "d\n")]
    [InlineData(3, "b\nc\nd\n")]
    [InlineData(4, "a\nb\nc\nd\n")]
    [InlineData(99, "a\nb\nc\nd\n")]
    public async Task The_tail_counts_back_from_the_end_and_into_rotated_files(int lines, string expected)
    {
        Write(LogPath + ".20261121-090000", "2026-11-21T09:00:00Z stdout F a", "2026-11-21T09:00:01Z stdout F b");
        Write(LogPath, "2026-11-21T10:00:00Z stdout F c", "2026-11-21T10:00:01Z stdout F d");

        Assert.Equal(expected, await ReadAsync(new() { TailLines = lines }));
    }

    [Fact]
    public async Task The_tail_of_a_log_larger_than_a_block_is_exact()
    {
        Write(LogPath, [.. Enumerable.Range(0, 5000).Select(i => $"2026-11-21T10:00:00Z stdout F line {i} {new string('x', 50)}")]);

        var tail = await ReadAsync(new() { TailLines = 3000 });

        Assert.Equal(3000, tail.Count(c => c == '\n'));
        Assert.StartsWith("line 2000 ", tail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_lines_since_a_time_only_one_stream_and_only_so_many_bytes()
    {
        Write(LogPath, "2026-11-21T10:00:00Z stdout F old", "2026-11-21T11:00:00Z stderr F error", "2026-11-21T12:00:00Z stdout F newest");

        Assert.Equal("error\nnewest\n", await ReadAsync(new() { Since = new(2026, 11, 21, 11, 0, 0, TimeSpan.Zero) }));
        Assert.Equal("old\nnewest\n", await ReadAsync(new() { Stream = "stdout" }));
        Assert.Equal("old\ner", await ReadAsync(new() { LimitBytes = 6 }));
    }

    [Fact]
    public async Task Damaged_lines_are_left_out_and_an_unfinished_last_line_is_not()
    {
        await File.WriteAllTextAsync(LogPath, "rubbish\n\0\0\0\n2026-11-21T10:00:00Z stdout F good\n2026-11-21T10:00:01Z stdout F unfini", Cancellation);

        Assert.Equal("good\nunfini\n", await ReadAsync(new()));
    }

    [Fact]
    public async Task Following_shows_new_lines_survives_rotation_and_ends_with_the_container()
    {
        Write(LogPath, "2026-11-21T10:00:00Z stdout F first");
        var running = true;
        var output = new SharedBuffer();
        var reading = new LogReader(LogPath, new() { Follow = true }, output, _ => Task.FromResult(Volatile.Read(ref running)), TimeProvider.System)
            .CopyAsync(Cancellation);
        await Eventually.TrueAsync(() => output.Text == "first\n", () => output.Text, Cancellation);

        await File.AppendAllTextAsync(LogPath, "2026-11-21T10:00:01Z stdout F second\n2026-11-21T10:00:02Z stdout F thi", Cancellation);
        await Eventually.TrueAsync(() => output.Text == "first\nsecond\n", () => output.Text, Cancellation);

        // As rotation does it: renamed, the writer finishes in the old file, a new file appears.
        File.Move(LogPath, LogPath + ".20261121-100003");
        await File.AppendAllTextAsync(LogPath + ".20261121-100003", "rd\n", Cancellation);
        Write(LogPath, "2026-11-21T10:00:04Z stdout F fourth");
        await Eventually.TrueAsync(() => output.Text == "first\nsecond\nthird\nfourth\n", () => output.Text, Cancellation);

        Volatile.Write(ref running, false);
        await reading.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.Equal("first\nsecond\nthird\nfourth\n", output.Text);
    }

    [Fact]
    public async Task Following_ends_with_the_readers_cancellation()
    {
        Write(LogPath, "2026-11-21T10:00:00Z stdout F first");
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var reading = new LogReader(LogPath, new() { Follow = true }, new SharedBuffer(), _ => Task.FromResult(true), TimeProvider.System)
            .CopyAsync(cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Theory]
    [InlineData("/l/0.log.20261121-090000", true)]
    [InlineData("/l/0.log.20261121-090000.gz", false)]
    [InlineData("/l/0.log.tmp", false)]
    [InlineData("/l/0.log.2026112a-090000", false)]
    public void Only_files_named_by_rotation_are_older_parts_of_a_log(string file, bool expected) =>
        Assert.Equal(expected, LogFiles.IsRotation("/l/0.log", file));

    [Fact]
    public async Task No_bytes_whatever_make_the_reader_fail()
    {
        var random = new Random(17);
        for (var round = 0; round < 200; round++)
        {
            // Pieces of lines in any order, and noise.
            var bytes = new List<byte>();
            for (var piece = 0; piece < 20; piece++)
            {
                byte[] next = random.Next(8) switch
                {
                    0 => "2026-11-21T10:00:00Z"u8.ToArray(),
                    1 => " "u8.ToArray(),
                    2 => "stdout"u8.ToArray(),
                    3 => "P"u8.ToArray(),
                    4 => "F"u8.ToArray(),
                    5 or 6 => "\n"u8.ToArray(),
                    _ => [(byte)random.Next(256), (byte)random.Next(256)],
                };
                bytes.AddRange(next);
            }
            await File.WriteAllBytesAsync(LogPath, [.. bytes], Cancellation);

            var text = await ReadAsync(new() { Timestamps = true, TailLines = random.Next(5), Since = DateTimeOffset.UnixEpoch });
            Assert.True(text.Length <= (bytes.Count * 2) + 64, text);
        }
    }

    private async Task<string> ReadAsync(LogOptions options)
    {
        var output = new SharedBuffer();
        await new LogReader(LogPath, options, output, _ => Task.FromResult(false), TimeProvider.System).CopyAsync(Cancellation);
        return output.Text;
    }

    private static void Write(string path, params string[] lines) => File.WriteAllText(path, string.Concat(lines.Select(l => l + "\n")));

    /// <summary>A stream that one task writes and another one looks at.</summary>
    private sealed class SharedBuffer : MemoryStream
    {
        public string Text
        {
            get
            {
                lock (this)
                    return Encoding.UTF8.GetString(GetBuffer(), 0, (int)Length);
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (this)
                Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
