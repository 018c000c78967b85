using Coxswain.Storage.Tests.Processes;

namespace Coxswain.Storage.Tests.Sqlite;

public sealed class SqliteFullDiskTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task On_a_full_disk_writes_are_refused_reads_and_watches_go_on_and_writes_resume_by_themselves()
    {
        // A file system of 4 MiB that only the child sees and that goes with it.
        var cancellation = TestContext.Current.CancellationToken;
        var mountPoint = Directory.CreateDirectory(_folder.Path("small")).FullName;
        string[] wrapper = ["unshare", "--mount", "--map-root-user", "sh", "-c", $"mount -t tmpfs -o size=4m none '{mountPoint}' && exec \"$@\"", "sh"];
        using var child = TestProcess.Start(wrapper, [FullDisk.Role, Path.Combine(mountPoint, "store.db")]);
        var said = await child.StandardOutput.ReadToEndAsync(cancellation);
        var errors = await child.StandardError.ReadToEndAsync(cancellation);
        await child.WaitForExitAsync(cancellation);
        Assert.SkipWhen(said.Length == 0 && (errors.Contains("unshare", StringComparison.Ordinal) || errors.Contains("mount", StringComparison.Ordinal)),
            $"no private mount here: {errors}");

        Assert.Equal("", errors);
        Assert.Contains("refused: The store", said, StringComparison.Ordinal);
        Assert.Contains("has no room for the write", said, StringComparison.Ordinal);
        foreach (var line in (string[])["full: True", "read: 1024", "list: True", "watch: True", "written: True", "watched: True"])
            Assert.Contains(line, said, StringComparison.Ordinal);
    }
}
