using System.Text;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Tests.Pods;
using Coxswain.Node.Volumes;
using Coxswain.Testing;

namespace Coxswain.Node.Tests.Volumes;

public sealed class VolumeManagerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-volumes-").FullName;
    private readonly FakeClock _clock = new();
    private readonly FakeVolumeHost _host = new();
    private readonly FakeApi _api;
    private readonly PodDirectories _directories;
    private readonly VolumeManager _manager;
    private int _tokens;

    public VolumeManagerTests()
    {
        _api = new(_clock);
        _api.Subresource = (_, subresource, body) => subresource == "token" && body is TokenRequest request
            ? request with { Status = new() { Token = $"token-{++_tokens}", ExpirationTimestamp = _clock.GetUtcNow().AddSeconds(request.Spec.ExpirationSeconds ?? 3600) } }
            : null;
        _directories = new(_folder);
        var tokens = new ServiceAccountTokenSource(_api, _clock);
        _manager = new(_directories, _host, new VolumePayloads(new ApiConfigSource(_api), tokens), new ClaimResolver(_api), tokens, _clock);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_empty_dir_is_a_folder_that_everyone_may_write_and_keeps_its_files()
    {
        var pod = Pod(new Volume { Name = "scratch", EmptyDir = new() });
        var path = (await SetUpAsync(pod))["scratch"].Path;
        File.WriteAllText(Path.Combine(path, "file"), "x");

        Assert.Equal(path, (await SetUpAsync(pod))["scratch"].Path);
        Assert.True(File.Exists(Path.Combine(path, "file")));
        Assert.Equal((UnixFileMode)0x1FF, File.GetUnixFileMode(path) & (UnixFileMode)0x1FF);
        Assert.EndsWith("/pods/uid-web/volumes/kubernetes.io~empty-dir/scratch", path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_dir_in_memory_is_no_larger_than_asked_for_or_than_the_pod_may_use()
    {
        await SetUpAsync(Pod(
            new Volume { Name = "a", EmptyDir = new() { Medium = "Memory", SizeLimit = Quantity.Parse("16Mi") } },
            new Volume { Name = "b", EmptyDir = new() { Medium = "Memory" } }));

        Assert.Equal([$"tmpfs a {16L << 20}", $"tmpfs b {7L << 30}"], _host.Calls);
    }

    [Fact]
    public async Task A_config_map_shows_its_keys_and_follows_its_changes_in_one_step()
    {
        await CreateMapAsync(("mode", "fast"), ("extra", "1"));
        var pod = Pod(new Volume { Name = "v", ConfigMap = new() { Name = "map" } });
        var path = (await SetUpAsync(pod))["v"].Path;
        Assert.Equal("fast", File.ReadAllText(Path.Combine(path, "mode")));
        var before = new FileInfo(Path.Combine(path, "..data")).LinkTarget;

        await SetUpAsync(pod);
        Assert.Equal(before, new FileInfo(Path.Combine(path, "..data")).LinkTarget);

        _api.Change<ConfigMap>(new("default", "map"), map => map with { Data = ApiMap.Of("mode", "slow") });
        await SetUpAsync(pod);
        Assert.Equal("slow", File.ReadAllText(Path.Combine(path, "mode")));
        Assert.False(File.Exists(Path.Combine(path, "extra")));
        Assert.NotEqual(before, new FileInfo(Path.Combine(path, "..data")).LinkTarget);
        Assert.False(Directory.Exists(Path.Combine(path, before!)));
    }

    [Fact]
    public async Task Items_choose_keys_paths_and_modes()
    {
        await CreateMapAsync(("a", "1"), ("b", "2"));
        var path = (await SetUpAsync(Pod(new Volume
        {
            Name = "v",
            ConfigMap = new() { Name = "map", DefaultMode = 0x1A0, Items = [new() { Key = "a", Path = "deep/er/a.txt" }, new() { Key = "b", Path = "b", Mode = 0x100 }] },
        })))["v"].Path;

        Assert.Equal("1", File.ReadAllText(Path.Combine(path, "deep/er/a.txt")));
        Assert.Equal((UnixFileMode)0x1A0, File.GetUnixFileMode(Path.Combine(path, "..data/deep/er/a.txt")));
        Assert.Equal((UnixFileMode)0x100, File.GetUnixFileMode(Path.Combine(path, "..data/b")));
    }

    [Fact]
    public async Task A_missing_object_or_key_is_told_unless_it_is_optional()
    {
        await CreateMapAsync(("a", "1"));

        Assert.Equal("configmap \"none\" not found", await FailAsync(new() { Name = "v", ConfigMap = new() { Name = "none" } }));
        Assert.Equal("secret \"none\" not found", await FailAsync(new() { Name = "v", Secret = new() { SecretName = "none" } }));
        Assert.Equal(
            "configmap references non-existent configmap key: b",
            await FailAsync(new() { Name = "v", ConfigMap = new() { Name = "map", Items = [new() { Key = "b", Path = "b" }] } }));
        var path = (await SetUpAsync(Pod(new Volume { Name = "v", Secret = new() { SecretName = "none", Optional = true } })))["v"].Path;
        Assert.Empty(Directory.EnumerateFiles(path));
    }

    [Fact]
    public async Task Secrets_lie_in_memory()
    {
        await _api.CreateAsync(new Secret { Metadata = new() { Name = "s", Namespace = "default" }, Data = ApiMap.Of("key", ByteString.Copy([0, 255])) }, Cancellation);

        var path = (await SetUpAsync(Pod(new Volume { Name = "v", Secret = new() { SecretName = "s" } })))["v"].Path;

        Assert.Equal(["tmpfs v "], _host.Calls);
        Assert.Equal([0, 255], File.ReadAllBytes(Path.Combine(path, "key")));
    }

    [Fact]
    public async Task The_downward_api_shows_fields_and_resources()
    {
        var pod = Pod(new Volume
        {
            Name = "v",
            DownwardAPI = new()
            {
                Items =
                [
                    new() { Path = "labels", FieldRef = new() { FieldPath = "metadata.labels" } },
                    new() { Path = "cpu", ResourceFieldRef = new() { ContainerName = "web", Resource = "limits.cpu", Divisor = Quantity.Parse("1m") } },
                ],
            },
        });
        pod = pod with { Metadata = pod.Metadata with { Labels = ApiMap.Of("app", "front") } };

        var path = (await SetUpAsync(pod))["v"].Path;

        Assert.Equal("app=\"front\"", File.ReadAllText(Path.Combine(path, "labels")));
        Assert.Equal("3500", File.ReadAllText(Path.Combine(path, "cpu")));
    }

    [Fact]
    public async Task A_projected_volume_joins_its_sources_and_renews_its_token()
    {
        await CreateMapAsync(("ca.crt", "cert"));
        var pod = Pod(new Volume
        {
            Name = "v",
            Projected = new()
            {
                Sources =
                [
                    new() { ServiceAccountToken = new() { Path = "token", ExpirationSeconds = 3600 } },
                    new() { ConfigMap = new() { Name = "map", Items = [new() { Key = "ca.crt", Path = "ca.crt" }] } },
                    new() { DownwardAPI = new() { Items = [new() { Path = "namespace", FieldRef = new() { FieldPath = "metadata.namespace" } }] } },
                ],
            },
        });
        var path = (await SetUpAsync(pod))["v"].Path;
        Assert.Equal("token-1", File.ReadAllText(Path.Combine(path, "token")));
        Assert.Equal("cert", File.ReadAllText(Path.Combine(path, "ca.crt")));
        Assert.Equal("default", File.ReadAllText(Path.Combine(path, "namespace")));

        _clock.Advance(TimeSpan.FromMinutes(40));
        await SetUpAsync(pod);
        Assert.Equal("token-1", File.ReadAllText(Path.Combine(path, "token")));
        _clock.Advance(TimeSpan.FromMinutes(9));
        await SetUpAsync(pod);
        Assert.Equal("token-2", File.ReadAllText(Path.Combine(path, "token")));
    }

    [Fact]
    public async Task A_token_that_cannot_be_renewed_is_kept_until_it_expires()
    {
        var pod = Pod(new Volume { Name = "v", Projected = new() { Sources = [new() { ServiceAccountToken = new() { Path = "token", ExpirationSeconds = 3600 } }] } });
        await SetUpAsync(pod);
        _api.Subresource = (_, _, _) => throw new ApiException(Statuses.InternalError("down"));

        _clock.Advance(TimeSpan.FromMinutes(55));
        await SetUpAsync(pod);
        _clock.Advance(TimeSpan.FromMinutes(6));
        var failure = await Assert.ThrowsAsync<VolumesNotReadyException>(() => SetUpAsync(pod));
        Assert.StartsWith("failed to fetch token: ", failure.Failures[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_one_user_is_hidden_from_others()
    {
        var pod = Pod(new Volume { Name = "v", Projected = new() { Sources = [new() { ServiceAccountToken = new() { Path = "token" } }] } })
            .With(spec => spec with { SecurityContext = new() { RunAsUser = 1000 } });

        var path = (await SetUpAsync(pod))["v"].Path;

        var token = Directory.EnumerateFiles(path, "token", SearchOption.AllDirectories).Single(file => !file.Contains("..data/", StringComparison.Ordinal) && new FileInfo(file).LinkTarget is null);
        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(token));
        Assert.Equal(1000, _host.Owners[token].User);
    }

    [Fact]
    public async Task A_volume_belongs_to_the_fs_group()
    {
        await CreateMapAsync(("a", "1"));
        var pod = Pod(new Volume { Name = "e", EmptyDir = new() }, new Volume { Name = "m", ConfigMap = new() { Name = "map" } })
            .With(spec => spec with { SecurityContext = new() { FsGroup = 2000 } });

        var volumes = await SetUpAsync(pod);

        Assert.Equal(2000, _host.Owners[volumes["e"].Path].Group);
        Assert.True((File.GetUnixFileMode(volumes["e"].Path) & UnixFileMode.SetGroup) != 0);
        var target = Path.Combine(volumes["m"].Path, new FileInfo(Path.Combine(volumes["m"].Path, "..data")).LinkTarget!);
        Assert.Equal(2000, _host.Owners[Path.Combine(target, "a")].Group);
    }

    [Fact]
    public async Task A_claim_leads_to_its_volume_once_it_is_bound()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "disk"));
        var pod = Pod(new Volume { Name = "data", PersistentVolumeClaim = new() { ClaimName = "claim", ReadOnly = true } });
        Assert.Equal(
            "error processing PVC default/claim: failed to fetch PVC from API server: persistentvolumeclaims \"claim\" not found",
            await FailAsync(pod.Spec.Volumes[0]));
        var claim = await _api.CreateAsync(new PersistentVolumeClaim { Metadata = new() { Name = "claim", Namespace = "default" } }, Cancellation);
        Assert.Equal("error processing PVC default/claim: PVC is not bound", await FailAsync(pod.Spec.Volumes[0]));

        _api.Change<PersistentVolumeClaim>(new("default", "claim"), c => c with { Spec = new() { VolumeName = "pv" }, Status = new() { Phase = "Bound" } });
        await _api.CreateAsync(new PersistentVolume
        {
            Metadata = new() { Name = "pv" },
            Spec = new() { Local = new() { Path = Path.Combine(_folder, "disk") }, ClaimRef = new() { Uid = claim.Metadata.Uid } },
        }, Cancellation);
        Assert.Equal(new ReadyVolume("data", Path.Combine(_folder, "disk"), ReadOnly: true), (await SetUpAsync(pod))["data"]);
    }

    [Fact]
    public async Task Taking_down_unmounts_everything_and_leaves_host_paths_alone()
    {
        var disk = Directory.CreateDirectory(Path.Combine(_folder, "disk")).FullName;
        File.WriteAllText(Path.Combine(disk, "file"), "keep");
        var pod = Pod(new Volume { Name = "m", EmptyDir = new() { Medium = "Memory" } }, new Volume { Name = "h", HostPath = new() { Path = disk } });
        await SetUpAsync(pod);

        _manager.TearDown("uid-web");

        Assert.Empty(_host.Mounts);
        Assert.False(Directory.Exists(_directories.Pod("uid-web")));
        Assert.True(File.Exists(Path.Combine(disk, "file")));
        _manager.TearDown("uid-web");
    }

    [Fact]
    public void A_host_path_must_be_what_the_pod_says()
    {
        var file = Path.Combine(_folder, "file");

        Assert.Equal($"hostPath type check failed: {file} is not a directory", Assert.Throws<VolumeException>(() => Check("Directory")).Message);
        Assert.Equal($"hostPath type check failed: {file} is not a file", Assert.Throws<VolumeException>(() => Check("File")).Message);
        Check("FileOrCreate");
        Assert.True(File.Exists(file));
        Check("File");
        Assert.Equal($"hostPath type check failed: {file} is not a socket file", Assert.Throws<VolumeException>(() => Check("Socket")).Message);
        Assert.Throws<VolumeException>(() => Check("DirectoryOrCreate"));
        HostPathCheck.Apply(new() { Path = "/dev/null", Type = "CharDevice" });
        HostPathCheck.Apply(new() { Path = Path.Combine(_folder, "made"), Type = "DirectoryOrCreate" });
        Assert.True(Directory.Exists(Path.Combine(_folder, "made")));

        void Check(string type) => HostPathCheck.Apply(new() { Path = file, Type = type });
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("/etc/passwd")]
    [InlineData("..data/x")]
    public void Projected_paths_cannot_leave_their_folder(string path) =>
        Assert.Throws<IOException>(() => AtomicWriter.Write(_folder, new Dictionary<string, ProjectedFile> { [path] = new(Encoding.UTF8.GetBytes("x"), 0x1A4) }, _clock.GetUtcNow()));

    [Fact]
    public async Task Mounts_carry_what_the_container_asks_for()
    {
        var pod = Pod(new Volume { Name = "v", EmptyDir = new() });
        var container = TestPods.Container("web", c => c with
        {
            VolumeMounts =
            [
                new() { Name = "v", MountPath = "/data", ReadOnly = true, RecursiveReadOnly = "Enabled" },
                new() { Name = "v", MountPath = "rel", MountPropagation = "Bidirectional" },
                new() { Name = "v", MountPath = "/sub", SubPathExpr = "logs/$(NAME)" },
            ],
        });

        var mounts = new ContainerMounts(_directories, _host).For(pod, container, await SetUpAsync(pod), [KeyValuePair.Create("NAME", "web-0")]);

        Assert.True(mounts[0].Readonly && mounts[0].RecursiveReadOnly);
        Assert.Equal("/rel", mounts[1].ContainerPath);
        Assert.Equal(Coxswain.Node.Runtime.MountPropagation.Bidirectional, mounts[1].Propagation);
        Assert.Equal(_directories.SubPath("uid-web", "v", "web", 2), mounts[2].HostPath);
        Assert.Contains($"bind {mounts[0].HostPath}/logs/web-0", _host.Calls);
    }

    [Theory]
    [InlineData("../up", "")]
    [InlineData("/root", "")]
    [InlineData("", "$(MISSING)")]
    public async Task A_sub_path_that_leads_out_or_lacks_a_value_is_a_config_error(string subPath, string expression)
    {
        var pod = Pod(new Volume { Name = "v", EmptyDir = new() });
        var container = TestPods.Container("web", c => c with { VolumeMounts = [new() { Name = "v", MountPath = "/d", SubPath = subPath, SubPathExpr = expression }] });
        var volumes = await SetUpAsync(pod);

        Assert.Throws<ContainerConfigException>(() => new ContainerMounts(_directories, _host).For(pod, container, volumes, []));
    }

    private static Pod Pod(params Volume[] volumes) => TestPods.Pod().With(spec => spec with { Volumes = [.. volumes] });

    private Task<IReadOnlyDictionary<string, ReadyVolume>> SetUpAsync(Pod pod) => _manager.SetUpAsync(pod, TestPods.Node, ["10.1.0.5"], Cancellation);

    private async Task<string> FailAsync(Volume volume) =>
        (await Assert.ThrowsAsync<VolumesNotReadyException>(() => SetUpAsync(Pod(volume)))).Failures.Single().Message;

    private async Task CreateMapAsync(params (string Key, string Value)[] data) => await _api.CreateAsync(new ConfigMap
    {
        Metadata = new() { Name = "map", Namespace = "default" },
        Data = data.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)).ToApiMap(),
    }, Cancellation);
}
