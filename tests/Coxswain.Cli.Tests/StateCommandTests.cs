using Coxswain.Lifecycle;

namespace Coxswain.Cli.Tests;

/// <summary>What the commands about state ask of the host, and what they refuse themselves.</summary>
public sealed class StateCommandTests
{
    private static async Task<(int ExitCode, string Output, string Error, FakeHost Host)> RunAsync(FakeHost host, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await CommandTable.InvokeAsync(new(output, error, host, TimeProvider.System, "test"), arguments, TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString(), host);
    }

    private static Task<(int ExitCode, string Output, string Error, FakeHost Host)> RunAsync(params string[] arguments) => RunAsync(new FakeHost(), arguments);

    [Fact]
    public async Task A_backup_is_verified_unless_that_is_declined()
    {
        var (exit, output, _, host) = await RunAsync("backup", "create", "/b", "--passphrase-file", "/p");
        Assert.Equal(0, exit);
        Assert.Equal(new BackupRequest("/b", new("/p", ""), Verify: true), Assert.Single(host.Asked));
        Assert.Equal("ok   phase                      0 ms  detail\nthe result\n", output);
        (_, _, _, host) = await RunAsync("backup", "create", "/b", "--key-file", "/k", "--verify=false");
        Assert.Equal(new BackupRequest("/b", new("", "/k"), Verify: false), Assert.Single(host.Asked));
    }

    [Theory]
    [InlineData("backup create /b")]
    [InlineData("backup create /b --passphrase-file /p --key-file /k")]
    [InlineData("backup verify /b/x")]
    [InlineData("backup restore /b/x")]
    public async Task A_backup_without_one_secret_in_a_file_is_refused(string line)
    {
        var (exit, _, error, host) = await RunAsync(line.Split(' '));
        Assert.Equal((1, "coxswain: give the secret of the backup in one file: --passphrase-file FILE or --key-file FILE\n"), (exit, error));
        Assert.Empty(host.Asked);
    }

    [Fact]
    public async Task A_restoration_goes_into_the_data_folder_or_into_etcd()
    {
        var (_, _, _, host) = await RunAsync("backup", "restore", "/b/x", "--passphrase-file", "/p", "--data-dir", "/d");
        Assert.Equal(new RestoreRequest("/b/x", new("/p", ""), new("/d"), null, null), Assert.Single(host.Asked));
        (_, _, _, host) = await RunAsync("backup", "restore", "/b/x", "--passphrase-file", "/p", "--data-dir", "/d", "--to", "etcd://h1,h2:1", "--etcd-cafile", "/ca", "--raise-revision-by", "7");
        var asked = Assert.IsType<RestoreRequest>(Assert.Single(host.Asked));
        Assert.Equal(["https://h1:2379", "https://h2:1"], asked.To!.Servers);
        Assert.Equal(("/ca", 7L), (asked.To.CaFile, asked.RaiseBy!.Value));
    }

    [Theory]
    [InlineData("etcd://10.0.0.1:2379,10.0.0.2", "http://10.0.0.1:2379 http://10.0.0.2:2379")]
    [InlineData("http://10.0.0.1:1", "http://10.0.0.1:1")]
    [InlineData("sqlite:", "")]
    [InlineData("sqlite:///x/y", "")]
    public async Task A_migration_goes_where_it_is_told(string to, string servers)
    {
        var (exit, _, error, host) = await RunAsync("datastore", "migrate", "--to", to, "--resume");
        Assert.Equal((0, ""), (exit, error));
        var asked = Assert.IsType<MigrationRequest>(Assert.Single(host.Asked));
        Assert.Equal((servers, true, false), (string.Join(' ', asked.To.Servers), asked.Resume, asked.Force));
    }

    [Theory]
    [InlineData("etcd://")]
    [InlineData("postgres://h")]
    [InlineData("http://h:1/path")]
    public async Task Where_nothing_can_be_kept_is_refused(string to)
    {
        var (exit, _, error, _) = await RunAsync("datastore", "migrate", "--to", to);
        Assert.Equal(1, exit);
        Assert.Contains($"{to} is not a datastore; write etcd://HOST:PORT", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_is_a_table_that_says_what_is_wrong_with_files()
    {
        var host = new FakeHost
        {
            Backups =
            [
                new("20261121T120000Z.coxswain-backup", 3 << 20, new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero), 77, 12, new(2026, 11, 21, 12, 1, 0, TimeSpan.Zero), TimeSpan.FromSeconds(1.25), "0.1.0+0123456789abcdef", "c0ffee", null),
                new("notes.coxswain-backup", 12, null, 0, 0, null, null, "", "", "It is not a backup of Coxswain."),
            ],
        };
        var (_, output, _, _) = await RunAsync(host, "backup", "list", "/b");
        Assert.Equal(
            """
            NAME                               TIME                   REVISION   OBJECTS   SIZE      VERIFIED   VERSION         CLUSTER
            20261121T120000Z.coxswain-backup   2026-11-21 12:00:00Z   77         12        3.0 MiB   in 1.3 s   0.1.0+0123456   c0ffee
            notes.coxswain-backup              unreadable                                  1 KiB                                It is not a backup of Coxswain.

            """, output, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task Help_teaches()
    {
        foreach (var command in new[] { "create", "list", "verify", "restore" })
            Assert.NotEmpty((await RunAsync("backup", command, "--help")).Output);
        Assert.Contains("must be empty", (await RunAsync("backup", "restore", "--help")).Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("resource versions", (await RunAsync("datastore", "migrate", "--help")).Output, StringComparison.Ordinal);
    }
}
