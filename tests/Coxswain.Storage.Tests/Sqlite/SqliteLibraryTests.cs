using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Sqlite;

public sealed class SqliteLibraryTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(3_050_004, 3_040_001, "packaged")]
    [InlineData(3_050_004, 3_050_004, "packaged")]
    [InlineData(3_050_004, 3_051_003, "system")]
    [InlineData(0, 3_040_001, "system")]
    [InlineData(3_050_004, 0, "packaged")]
    public void The_newer_library_is_chosen(int packaged, int system, string expected)
    {
        static SqliteLibrary.Candidate? Library(int version, string origin) => version == 0 ? null : new(1, version, origin);
        Assert.Equal(expected, SqliteLibrary.Newer(Library(packaged, "packaged"), Library(system, "system"))!.Origin);
    }

    [Fact]
    public void What_is_used_is_what_was_chosen()
    {
        using var connection = new SqliteConnection(":memory:", readOnly: false);
        Assert.Equal($"SQLite {connection.QueryText("SELECT sqlite_version()")} ({SqliteLibrary.Used.Origin})", SqliteStore.Library);
    }

    [Fact]
    public async Task A_setting_chooses_the_systems_library_and_the_store_works_with_it()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var probe = Processes.TestProcess.Start(["env", $"{SqliteLibrary.Variable}=system"], [Processes.LockProbe.Role, _folder.Store]);
        var said = await probe.StandardOutput.ReadToEndAsync(cancellation);
        var errors = await probe.StandardError.ReadToEndAsync(cancellation);
        await probe.WaitForExitAsync(cancellation);
        Assert.SkipWhen(errors.Contains("No SQLite of version", StringComparison.Ordinal), "this system has no SQLite library");
        Assert.Equal(("opened", ""), (said.Trim(), errors));
    }
}
