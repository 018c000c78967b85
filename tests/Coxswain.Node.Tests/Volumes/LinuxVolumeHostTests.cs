using Coxswain.Node.Volumes;

namespace Coxswain.Node.Tests.Volumes;

public sealed class LinuxVolumeHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-host-").FullName;
    private readonly LinuxVolumeHost _host = new();

    public void Dispose()
    {
        foreach (var mount in _host.MountsBelow(_folder))
            _host.Unmount(mount);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_file_system_in_memory_has_the_size_asked_for_and_can_be_unmounted()
    {
        RequireMounts();
        var path = Directory.CreateDirectory(Path.Combine(_folder, "with blank")).FullName;

        _host.MountTmpfs(path, 1 << 20);

        Assert.True(_host.IsMountPoint(path));
        Assert.Equal(1 << 20, _host.UseOf(path).Bytes);
        Assert.Equal([path], _host.MountsBelow(_folder));
        _host.Unmount(path);
        Assert.False(_host.IsMountPoint(path));
    }

    [Fact]
    public void What_is_bound_lies_beneath_the_root_and_is_made_if_missing()
    {
        RequireMounts();
        var root = Directory.CreateDirectory(Path.Combine(_folder, "root")).FullName;
        File.WriteAllText(Path.Combine(root, "file"), "inside");
        File.CreateSymbolicLink(Path.Combine(root, "inner"), "file");

        _host.BindBeneath(root, "inner", Path.Combine(_folder, "target-file"));
        _host.BindBeneath(root, "new/deep", Path.Combine(_folder, "target-folder"));

        Assert.Equal("inside", File.ReadAllText(Path.Combine(_folder, "target-file")));
        Assert.True(Directory.Exists(Path.Combine(root, "new/deep")));
        Assert.True(_host.IsMountPoint(Path.Combine(_folder, "target-folder")));
    }

    [Theory]
    [InlineData("absolute")]
    [InlineData("relative")]
    [InlineData("folder/passwd")]
    public void No_link_leads_out_of_the_root(string name)
    {
        var root = Directory.CreateDirectory(Path.Combine(_folder, "root")).FullName;
        File.CreateSymbolicLink(Path.Combine(root, "absolute"), "/etc/passwd");
        File.CreateSymbolicLink(Path.Combine(root, "relative"), "../../../../etc/passwd");
        Directory.CreateSymbolicLink(Path.Combine(root, "folder"), "/etc");

        Assert.Throws<IOException>(() => _host.BindBeneath(root, name, Path.Combine(_folder, "target")));
        Assert.False(_host.IsMountPoint(Path.Combine(_folder, "target")));
    }

    [Fact]
    public void Owners_are_read_and_links_are_not_followed()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var (user, group) = _host.OwnerOf(file);

        _host.ChangeOwner(file, -1, group);

        Assert.Equal((user, group), _host.OwnerOf(file));
        Assert.Throws<IOException>(() => _host.OwnerOf(Path.Combine(_folder, "missing")));
        Assert.Equal(Environment.IsPrivilegedProcess, user == 0);
    }

    private static void RequireMounts() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: mounts");
}
