using Coxswain.Node.Runtime;

namespace Coxswain.Node.Tests.Pods;

/// <summary>A container runtime in memory: sandboxes and containers change state as CRI says, and tests make containers exit.</summary>
internal sealed class FakeRuntime(TimeProvider clock) : IContainerRuntime
{
    private sealed record FakeContainer(ContainerStatus Status, string SandboxId, ContainerConfig Config);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, PodSandboxStatus> _sandboxes = [];
    private readonly Dictionary<string, FakeContainer> _containers = [];
    private readonly Dictionary<string, Image> _images = [];
    private readonly List<string> _calls = [];
    private int _next;

    /// <summary>Every call that changed something, in order: "start web", "stop web 30", ...</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_gate)
                return [.. _calls];
        }
    }

    public List<PodSandboxConfig> SandboxConfigs { get; } = [];

    public RuntimeCondition Network { get; set; } = new(RuntimeStatus.NetworkReady, true, "", "");

    /// <summary>What a pull throws; null: it succeeds.</summary>
    public Func<ImageSpec, AuthConfig?, RuntimeException?>? PullFailure { get; set; }

    public Func<PodSandboxConfig, RuntimeException?>? SandboxFailure { get; set; }

    public Func<ContainerConfig, RuntimeException?>? CreateFailure { get; set; }

    public Func<ContainerConfig, RuntimeException?>? StartFailure { get; set; }

    public Func<string, IReadOnlyList<string>, ExecSyncResult> Exec { get; set; } = (_, _) => new(default, default, 0);

    /// <summary>Awaited by a stop before the container exits.</summary>
    public Func<string, TimeSpan, CancellationToken, Task> OnStop { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>Awaited by a pull.</summary>
    public Func<CancellationToken, Task> OnPull { get; set; } = _ => Task.CompletedTask;

    public string ImageMountpoint { get; set; } = "/";

    public void AddImage(string name, long? uid = null, string username = "", ulong size = 1000, bool pinned = false)
    {
        lock (_gate)
        {
            _images[name] = new()
            {
                Id = "sha256:" + name,
                RepoTags = [name],
                RepoDigests = [name + "@sha256:1"],
                Size = size,
                Uid = uid,
                Username = username,
                Pinned = pinned,
            };
        }
    }

    public IReadOnlyList<string> Images
    {
        get
        {
            lock (_gate)
                return [.. _images.Keys];
        }
    }

    /// <summary>The newest instance of a container.</summary>
    public ContainerStatus Find(string name, string? uid = null)
    {
        lock (_gate)
            return Newest(name, uid).Status;
    }

    public ContainerConfig ConfigOf(string name)
    {
        lock (_gate)
            return Newest(name, null).Config;
    }

    public int Count(string name)
    {
        lock (_gate)
            return _containers.Values.Count(c => c.Config.Metadata.Name == name);
    }

    public int SandboxCount
    {
        get
        {
            lock (_gate)
                return _sandboxes.Count;
        }
    }

    /// <summary>A container ends by itself.</summary>
    public void Exit(string name, int code, string reason = "")
    {
        lock (_gate)
        {
            var container = Newest(name, null);
            Set(container with
            {
                Status = container.Status with
                {
                    State = ContainerState.Exited,
                    ExitCode = code,
                    FinishedAt = clock.GetUtcNow(),
                    Reason = reason.Length > 0 ? reason : code == 0 ? "Completed" : "Error",
                },
            });
        }
    }

    public void Change(string name, Func<ContainerStatus, ContainerStatus> change)
    {
        lock (_gate)
        {
            var container = Newest(name, null);
            Set(container with { Status = change(container.Status) });
        }
    }

    /// <summary>As after a reboot: all sandboxes and containers are dead.</summary>
    public void Reboot()
    {
        lock (_gate)
        {
            foreach (var (id, sandbox) in _sandboxes.ToArray())
                _sandboxes[id] = sandbox with { State = PodSandboxState.NotReady };
            foreach (var container in _containers.Values.Where(c => c.Status.State == ContainerState.Running).ToArray())
                Set(container with { Status = container.Status with { State = ContainerState.Exited, ExitCode = 255, FinishedAt = clock.GetUtcNow() } });
        }
    }

    public Task<RuntimeVersion> VersionAsync(CancellationToken cancellation) => Task.FromResult(new RuntimeVersion("containerd", "1.6.20", "v1"));

    public Task<RuntimeStatus> StatusAsync(CancellationToken cancellation) =>
        Task.FromResult(new RuntimeStatus { Conditions = [new(RuntimeStatus.RuntimeReady, true, "", ""), Network] });

    public Task UpdateRuntimeConfigAsync(string podCidr, CancellationToken cancellation) => Task.CompletedTask;

    public Task<string> RunPodSandboxAsync(PodSandboxConfig config, string runtimeHandler, CancellationToken cancellation)
    {
        if (SandboxFailure?.Invoke(config) is { } failure)
            throw failure;
        lock (_gate)
        {
            var id = $"sandbox-{++_next}";
            _calls.Add($"sandbox {config.Metadata.Name} {config.Metadata.Attempt}");
            SandboxConfigs.Add(config);
            _sandboxes[id] = new()
            {
                Id = id,
                Metadata = config.Metadata,
                State = PodSandboxState.Ready,
                CreatedAt = Now(),
                IPs = config.Linux.SecurityContext.NamespaceOptions.Network == NamespaceMode.Node ? [] : [$"10.244.0.{_next}"],
                NamespaceOptions = config.Linux.SecurityContext.NamespaceOptions,
                Labels = config.Labels,
                Annotations = config.Annotations,
            };
            return Task.FromResult(id);
        }
    }

    public Task StopPodSandboxAsync(string podSandboxId, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_sandboxes.TryGetValue(podSandboxId, out var sandbox))
                throw Missing(podSandboxId);
            _calls.Add("stop-sandbox " + sandbox.Metadata.Name);
            _sandboxes[podSandboxId] = sandbox with { State = PodSandboxState.NotReady, IPs = [] };
        }

        return Task.CompletedTask;
    }

    public Task RemovePodSandboxAsync(string podSandboxId, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_sandboxes.Remove(podSandboxId, out var sandbox))
                _calls.Add("remove-sandbox " + sandbox.Metadata.Name);
            foreach (var id in _containers.Where(c => c.Value.SandboxId == podSandboxId).Select(c => c.Key).ToArray())
                _containers.Remove(id);
        }

        return Task.CompletedTask;
    }

    public Task<PodSandboxStatus> PodSandboxStatusAsync(string podSandboxId, CancellationToken cancellation)
    {
        lock (_gate)
            return Task.FromResult(_sandboxes.GetValueOrDefault(podSandboxId) ?? throw Missing(podSandboxId));
    }

    public Task<IReadOnlyList<PodSandbox>> ListPodSandboxesAsync(PodSandboxFilter? filter, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<PodSandbox>>(
            [
                .. _sandboxes.Values.Where(s => filter is null || Matches(s.Labels, filter.LabelSelector)).Select(s => new PodSandbox
                {
                    Id = s.Id,
                    Metadata = s.Metadata,
                    State = s.State,
                    CreatedAt = s.CreatedAt,
                    Labels = s.Labels,
                    Annotations = s.Annotations,
                }),
            ]);
        }
    }

    public Task<string> CreateContainerAsync(
        string podSandboxId, ContainerConfig config, PodSandboxConfig sandboxConfig, CancellationToken cancellation)
    {
        if (CreateFailure?.Invoke(config) is { } failure)
            throw failure;
        lock (_gate)
        {
            var id = $"container-{++_next}";
            _calls.Add("create " + config.Metadata.Name);
            Set(new(
                new()
                {
                    Id = id,
                    Metadata = config.Metadata,
                    State = ContainerState.Created,
                    CreatedAt = Now(),
                    Image = new(_images.Values.FirstOrDefault(i => i.Id == config.Image.Image)?.RepoTags[0] ?? config.Image.Image),
                    ImageRef = _images.Values.FirstOrDefault(i => i.Id == config.Image.Image)?.RepoDigests[0] ?? config.Image.Image,
                    Labels = config.Labels,
                    Annotations = config.Annotations,
                    Mounts = config.Mounts,
                    LogPath = Path.Combine(sandboxConfig.LogDirectory, config.LogPath),
                },
                podSandboxId,
                config));
            return Task.FromResult(id);
        }
    }

    public Task StartContainerAsync(string containerId, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var container = Get(containerId);
            if (StartFailure?.Invoke(container.Config) is { } failure)
                throw failure;
            _calls.Add("start " + container.Config.Metadata.Name);
            Set(container with { Status = container.Status with { State = ContainerState.Running, StartedAt = Now() } });
        }

        return Task.CompletedTask;
    }

    public async Task StopContainerAsync(string containerId, TimeSpan timeout, CancellationToken cancellation)
    {
        string name;
        lock (_gate)
        {
            name = Get(containerId).Config.Metadata.Name;
            _calls.Add($"stop {name} {timeout.TotalSeconds}");
        }

        await OnStop(name, timeout, cancellation);
        lock (_gate)
        {
            var container = Get(containerId);
            if (container.Status.State == ContainerState.Running)
                Set(container with { Status = container.Status with { State = ContainerState.Exited, ExitCode = 143, FinishedAt = clock.GetUtcNow(), Reason = "Error" } });
        }
    }

    public Task RemoveContainerAsync(string containerId, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_containers.Remove(containerId, out var container))
                _calls.Add("remove " + container.Config.Metadata.Name);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<Container>> ListContainersAsync(ContainerFilter? filter, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Container>>(
            [
                .. _containers.Values.Where(c => filter is null || Matches(c.Status.Labels, filter.LabelSelector)).Select(c => new Container
                {
                    Id = c.Status.Id,
                    PodSandboxId = c.SandboxId,
                    Metadata = c.Status.Metadata,
                    Image = c.Status.Image,
                    ImageRef = c.Status.ImageRef,
                    State = c.Status.State,
                    CreatedAt = c.Status.CreatedAt,
                    Labels = c.Status.Labels,
                    Annotations = c.Status.Annotations,
                }),
            ]);
        }
    }

    public Task<ContainerStatus> ContainerStatusAsync(string containerId, CancellationToken cancellation)
    {
        lock (_gate)
            return Task.FromResult(Get(containerId).Status);
    }

    public Task UpdateContainerResourcesAsync(string containerId, LinuxContainerResources resources, CancellationToken cancellation) =>
        Task.CompletedTask;

    public Task ReopenContainerLogAsync(string containerId, CancellationToken cancellation) => Task.CompletedTask;

    public Task<ExecSyncResult> ExecSyncAsync(
        string containerId, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellation)
    {
        string name;
        lock (_gate)
        {
            name = Get(containerId).Config.Metadata.Name;
            _calls.Add($"exec {name} {string.Join(' ', command)}");
        }

        return Task.FromResult(Exec(name, command));
    }

    public Task<Uri> ExecAsync(ExecRequest request, CancellationToken cancellation) => Task.FromResult(new Uri("http://127.0.0.1/exec"));

    public Task<Uri> AttachAsync(AttachRequest request, CancellationToken cancellation) => Task.FromResult(new Uri("http://127.0.0.1/attach"));

    public Task<Uri> PortForwardAsync(PortForwardRequest request, CancellationToken cancellation) =>
        Task.FromResult(new Uri("http://127.0.0.1/portforward"));

    public Task<ContainerStats> ContainerStatsAsync(string containerId, CancellationToken cancellation) =>
        Task.FromResult(new ContainerStats { Id = containerId, Metadata = Find(containerId).Metadata, Timestamp = clock.GetUtcNow() });

    public Task<IReadOnlyList<ContainerStats>> ListContainerStatsAsync(ContainerFilter? filter, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ContainerStats>>([]);

    public Task<IReadOnlyList<Image>> ListImagesAsync(string? image, CancellationToken cancellation)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<Image>>([.. _images.Values]);
    }

    public Task<Image?> ImageStatusAsync(ImageSpec image, CancellationToken cancellation)
    {
        lock (_gate)
            return Task.FromResult(_images.Values.FirstOrDefault(i => i.Id == image.Image || i.RepoTags.Contains(image.Image)));
    }

    public async Task<string> PullImageAsync(ImageSpec image, AuthConfig? auth, PodSandboxConfig? sandboxConfig, CancellationToken cancellation)
    {
        lock (_gate)
            _calls.Add("pull " + image.Image + (auth is null ? "" : " as " + auth.Username));
        await OnPull(cancellation);
        if (PullFailure?.Invoke(image, auth) is { } failure)
            throw failure;
        AddImage(image.Image);
        return "sha256:" + image.Image;
    }

    public Task RemoveImageAsync(ImageSpec image, CancellationToken cancellation)
    {
        lock (_gate)
        {
            foreach (var name in _images.Where(i => i.Value.Id == image.Image || i.Key == image.Image).Select(i => i.Key).ToArray())
                _images.Remove(name);
            _calls.Add("remove-image " + image.Image);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<FilesystemUsage>> ImageFsInfoAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<FilesystemUsage>>([new(clock.GetUtcNow(), ImageMountpoint, 0, 0)]);

    // Creation times differ even while the clock stands still.
    private DateTimeOffset Now() => clock.GetUtcNow().AddTicks(_next);

    private FakeContainer Newest(string name, string? uid) => _containers.Values
        .Where(c => c.Config.Metadata.Name == name && (uid is null || c.Status.Labels["io.kubernetes.pod.uid"] == uid))
        .OrderByDescending(c => c.Status.CreatedAt).FirstOrDefault() ?? throw Missing(name);

    private FakeContainer Get(string id) => _containers.GetValueOrDefault(id) ?? throw Missing(id);

    private void Set(FakeContainer container) => _containers[container.Status.Id] = container;

    private static bool Matches(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> selector) =>
        selector.All(pair => labels.GetValueOrDefault(pair.Key) == pair.Value);

    private static RuntimeException Missing(string what) => new(RuntimeErrorCode.NotFound, $"an error occurred when try to find \"{what}\": not found");
}
