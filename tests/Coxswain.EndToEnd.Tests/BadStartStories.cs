using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Coxswain.EndToEnd.Tests;

/// <summary>Starts that cannot work: one clear sentence that names the mend, an exit code, and nothing half done.</summary>
public sealed class BadStartStories : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Instance _instance = new("bad", "--no-node", "--bind-address", "127.0.0.1");

    public ValueTask InitializeAsync()
    {
        Repository.RequireExecutable();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _instance.RemoveAsync();

    private static void AssertOneSentence(Shell.Result result, params string[] parts)
    {
        Assert.Equal(1, result.ExitCode);
        var line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("coxswain: ", line, StringComparison.Ordinal);
        Assert.All(parts, p => Assert.Contains(p, line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_port_in_use()
    {
        using var taken = new TcpListener(IPAddress.Loopback, _instance.Port);
        taken.Start();
        AssertOneSentence(await _instance.TryUpAsync(Cancellation), $"port {_instance.Port} is in use", "--secure-port");
        Assert.Equal(3, (await _instance.CommandAsync(Cancellation, "status")).ExitCode);
    }

    [Fact]
    public async Task A_damaged_database()
    {
        var store = Path.Combine(_instance.DataDir, "store");
        await _instance.UpAsync(Cancellation);
        await _instance.CommandAsync(Cancellation, "down");
        var rubbish = new byte[64 * 1024];
        new Random(1).NextBytes(rubbish);
        var database = Directory.GetFiles(store, "*.db").Single();
        await File.WriteAllBytesAsync(database, rubbish, Cancellation);
        foreach (var file in Directory.GetFiles(store).Where(f => f != database))
            File.Delete(file);
        AssertOneSentence(await _instance.TryUpAsync(Cancellation), database);
        Assert.Equal(rubbish, await File.ReadAllBytesAsync(database, Cancellation));
    }

    [Fact]
    public async Task A_damaged_authority()
    {
        await _instance.UpAsync(Cancellation);
        await _instance.CommandAsync(Cancellation, "down");
        await File.WriteAllTextAsync(Path.Combine(_instance.DataDir, "pki", "ca.key"), "rubbish", Cancellation);
        AssertOneSentence(await _instance.TryUpAsync(Cancellation), "ca.key", "backup");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written()
    {
        var result = await Shell.TryAsync(Repository.Executable, ["up", "--no-node", "--data-dir", "/proc/coxswain"], Cancellation);
        AssertOneSentence(result, "/proc/coxswain", "--data-dir");
    }

    [Fact]
    public async Task A_disk_that_is_full()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("needs root to mount a small file system");
        Directory.CreateDirectory(_instance.DataDir);
        await Shell.RunAsync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", _instance.DataDir], Cancellation);
        try
        {
            var result = await _instance.TryUpAsync(Cancellation);
            Assert.Equal(1, result.ExitCode);
            Assert.StartsWith("coxswain: ", Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }
        finally
        {
            await Shell.RunAsync("umount", [_instance.DataDir], CancellationToken.None);
        }
    }

    [Fact]
    public async Task No_root()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("needs root to become somebody else");
        var folder = Readable();
        try
        {
            var result = await Shell.TryAsync("setpriv",
                ["--reuid=65534", "--regid=65534", "--clear-groups", Path.Combine(folder, "coxswain"), "up", "--data-dir", _instance.DataDir + "-nobody"], Cancellation);
            AssertOneSentence(result, "root", "--no-node");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            Directory.Delete(_instance.DataDir + "-nobody", recursive: true);
        }
    }

    [Fact]
    public async Task A_package_that_is_missing()
    {
        Repository.RequireNode();
        // In a mount namespace of its own, the folder of the CNI plug-ins is empty.
        var result = await Shell.TryAsync("unshare",
            ["--mount", "sh", "-c", "mount -t tmpfs none /usr/lib/cni && exec \"$@\"", "sh", Repository.Executable, "up", "--data-dir", _instance.DataDir, "--secure-port", _instance.Port.ToString(CultureInfo.InvariantCulture)],
            Cancellation);
        AssertOneSentence(result, "CNI plug-ins", "apt-get install containernetworking-plugins");
    }

    [Theory]
    [InlineData("--bind-address", "nonsense")]
    [InlineData("--event-ttl", "soon")]
    [InlineData("--anonymous-auth", "maybe")]
    public async Task A_value_that_an_option_cannot_have(string option, string value)
    {
        var instance = new Instance("value", "--no-node", option, value);
        try
        {
            var result = await instance.TryUpAsync(Cancellation);
            AssertOneSentence(result, option, value);
        }
        finally
        {
            await instance.RemoveAsync();
        }
    }

    [Fact]
    public async Task An_option_that_is_not_known()
    {
        var result = await Shell.TryAsync(Repository.Executable, ["up", "--nonsense"], Cancellation);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("--nonsense", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_of_a_folder_that_is_not_ours_removes_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("cxw-foreign-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "precious"), "x", Cancellation);
            AssertOneSentence(await Shell.TryAsync(Repository.Executable, ["reset", "--yes", "--data-dir", folder], Cancellation), folder);
            Assert.True(File.Exists(Path.Combine(folder, "precious")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The executable where everybody may run it: a checkout often lies in a folder that only its owner may enter.</summary>
    private static string Readable()
    {
        var folder = Directory.CreateTempSubdirectory("cxw-executable-").FullName;
        const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite | UnixFileMode.GroupRead
            | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(folder, Everybody);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(Repository.Executable)!))
        {
            var copy = Path.Combine(folder, Path.GetFileName(file));
            File.Copy(file, copy, overwrite: true);
            File.SetUnixFileMode(copy, Everybody);
        }

        return folder;
    }
}
