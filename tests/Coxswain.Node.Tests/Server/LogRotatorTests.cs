using Coxswain.Node.Runtime;
using Coxswain.Node.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Node.Tests.Server;

public sealed class LogRotatorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-rotate-").FullName;
    private readonly ScriptedRuntime _runtime = new();

    private string LogPath => Path.Combine(_folder, "0.log");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_log_beyond_its_size_is_put_aside_and_only_so_many_are_kept()
    {
        for (var hour = 1; hour <= 6; hour++)
            await File.WriteAllTextAsync($"{LogPath}.20261121-0{hour}0000", "old", Cancellation);
        await File.WriteAllTextAsync(LogPath, new string('x', 200), Cancellation);
        _runtime.Reopen = _ => File.WriteAllTextAsync(LogPath, "", Cancellation);

        await Rotator().RotateAllAsync(Cancellation);

        var kept = LogFiles.Rotated(LogPath);
        Assert.Equal(4, kept.Count);
        Assert.Equal(new string('x', 200), await File.ReadAllTextAsync(kept[^1], Cancellation));
        Assert.EndsWith(".20261121-040000", kept[0], StringComparison.Ordinal);
        Assert.Equal("", await File.ReadAllTextAsync(LogPath, Cancellation));
    }

    [Fact]
    public async Task A_small_log_stays()
    {
        await File.WriteAllTextAsync(LogPath, "small", Cancellation);

        await Rotator().RotateAllAsync(Cancellation);

        Assert.Empty(LogFiles.Rotated(LogPath));
    }

    [Fact]
    public async Task A_log_that_the_runtime_does_not_open_again_gets_its_name_back()
    {
        await File.WriteAllTextAsync(LogPath, new string('x', 200), Cancellation);
        _runtime.Reopen = _ => Task.FromException(new RuntimeException(RuntimeErrorCode.Internal, "no"));

        await Rotator().RotateAllAsync(Cancellation);

        Assert.Empty(LogFiles.Rotated(LogPath));
        Assert.Equal(200, new FileInfo(LogPath).Length);
    }

    private LogRotator Rotator() => new(
        new StaticPodDirectory(StaticPodDirectory.Web(new Coxswain.Node.Pods.PodEntryContainer("main", "id-1", Running: true, 0, LogPath))),
        _runtime, TimeProvider.System, NullLogger.Instance)
    { MaxSize = 100 };
}
