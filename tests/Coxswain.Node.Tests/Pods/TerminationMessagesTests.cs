using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;

namespace Coxswain.Node.Tests.Pods;

public sealed class TerminationMessagesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-words-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Last_words_come_from_the_file()
    {
        File.WriteAllText(Path.Combine(_folder, "words"), "bye");

        Assert.Equal("bye", TerminationMessages.Of(Status(0, "File")));
    }

    [Fact]
    public void A_long_message_keeps_its_last_four_kibibytes()
    {
        File.WriteAllText(Path.Combine(_folder, "words"), new string('a', 5000) + "end");

        var message = TerminationMessages.Of(Status(0, "File"));
        Assert.Equal(4096, message.Length);
        Assert.EndsWith("aend", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "FallbackToLogsOnError", "two\nthree\n")]
    [InlineData(0, "FallbackToLogsOnError", "")]
    [InlineData(1, "File", "")]
    public void Without_a_file_an_error_may_speak_through_the_log(int exitCode, string policy, string expected)
    {
        File.WriteAllText(Path.Combine(_folder, "0.log"), "2026-01-01T00:00:00Z stdout P tw\n2026-01-01T00:00:00Z stdout F o\n2026-01-01T00:00:01Z stderr F three\n");

        Assert.Equal(expected, TerminationMessages.Of(Status(exitCode, policy)));
    }

    [Fact]
    public void What_the_runtime_says_stands_first()
    {
        File.WriteAllText(Path.Combine(_folder, "words"), "bye");

        Assert.Equal("failed: bye", TerminationMessages.Of(Status(1, "File") with { Message = "failed" }));
    }

    private ContainerStatus Status(int exitCode, string policy) => new()
    {
        Id = "c",
        Metadata = new("web", 0),
        State = ContainerState.Exited,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Image = new("web:1"),
        ExitCode = exitCode,
        LogPath = Path.Combine(_folder, "0.log"),
        Mounts = [new() { ContainerPath = "/dev/termination-log", HostPath = Path.Combine(_folder, "words") }],
        Annotations = new Dictionary<string, string>
        {
            [RuntimeLabels.TerminationMessagePath] = "/dev/termination-log",
            [RuntimeLabels.TerminationMessagePolicy] = policy,
        },
    };
}
