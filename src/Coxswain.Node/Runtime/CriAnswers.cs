using Coxswain.Node.Images;

namespace Coxswain.Node.Runtime;

/// <summary>CRI messages as our records. What a runtime leaves out becomes the record's default, never null.</summary>
internal static class CriAnswers
{
    public static PodSandbox ToRecord(this Cri.PodSandbox sandbox) => new()
    {
        Id = sandbox.Id,
        Metadata = ToRecord(sandbox.Metadata),
        State = (PodSandboxState)sandbox.State,
        CreatedAt = Time(sandbox.CreatedAt),
        Labels = new Dictionary<string, string>(sandbox.Labels),
        Annotations = new Dictionary<string, string>(sandbox.Annotations),
        RuntimeHandler = sandbox.RuntimeHandler,
    };

    public static PodSandboxStatus ToRecord(this Cri.PodSandboxStatus status)
    {
        var namespaces = status.Linux?.Namespaces?.Options;
        return new()
        {
            Id = status.Id,
            Metadata = ToRecord(status.Metadata),
            State = (PodSandboxState)status.State,
            CreatedAt = Time(status.CreatedAt),
            IPs = status.Network is { Ip.Length: > 0 } network
                ? [network.Ip, .. network.AdditionalIps.Select(a => a.Ip)]
                : [],
            NamespaceOptions = namespaces is null ? new() : new()
            {
                Network = (NamespaceMode)namespaces.Network,
                Pid = (NamespaceMode)namespaces.Pid,
                Ipc = (NamespaceMode)namespaces.Ipc,
                TargetId = namespaces.TargetId,
            },
            Labels = new Dictionary<string, string>(status.Labels),
            Annotations = new Dictionary<string, string>(status.Annotations),
            RuntimeHandler = status.RuntimeHandler,
        };
    }

    public static Container ToRecord(this Cri.Container container) => new()
    {
        Id = container.Id,
        PodSandboxId = container.PodSandboxId,
        Metadata = ToRecord(container.Metadata),
        Image = ToRecord(container.Image),
        ImageRef = container.ImageRef,
        State = (ContainerState)container.State,
        CreatedAt = Time(container.CreatedAt),
        Labels = new Dictionary<string, string>(container.Labels),
        Annotations = new Dictionary<string, string>(container.Annotations),
    };

    public static ContainerStatus ToRecord(this Cri.ContainerStatus status) => new()
    {
        Id = status.Id,
        Metadata = ToRecord(status.Metadata),
        State = (ContainerState)status.State,
        CreatedAt = Time(status.CreatedAt),
        StartedAt = TimeOrNull(status.StartedAt),
        // containerd notes the start after the fact: a very short container would seem to end before it began.
        FinishedAt = TimeOrNull(status.FinishedAt == 0 ? 0 : Math.Max(status.FinishedAt, status.StartedAt)),
        ExitCode = status.ExitCode,
        Image = ToRecord(status.Image),
        ImageRef = status.ImageRef,
        ImageId = status.ImageId,
        Reason = status.Reason,
        Message = status.Message,
        Labels = new Dictionary<string, string>(status.Labels),
        Annotations = new Dictionary<string, string>(status.Annotations),
        Mounts = [.. status.Mounts.Select(m => new Mount
        {
            ContainerPath = m.ContainerPath,
            HostPath = m.HostPath,
            Readonly = m.Readonly,
            RecursiveReadOnly = m.RecursiveReadOnly,
            SelinuxRelabel = m.SelinuxRelabel,
            Propagation = (MountPropagation)m.Propagation,
        })],
        LogPath = status.LogPath,
        Resources = status.Resources?.Linux is { } linux ? ToRecord(linux) : null,
    };

    public static ContainerStats ToRecord(this Cri.ContainerStats stats) => new()
    {
        Id = stats.Attributes?.Id ?? "",
        Metadata = ToRecord(stats.Attributes?.Metadata),
        Timestamp = Time(stats.Cpu?.Timestamp ?? stats.Memory?.Timestamp ?? stats.WritableLayer?.Timestamp ?? 0),
        Labels = stats.Attributes is { } attributes ? new Dictionary<string, string>(attributes.Labels) : EmptyMap.Instance,
        CpuUsageCoreNanoSeconds = stats.Cpu?.UsageCoreNanoSeconds?.Value ?? 0,
        MemoryWorkingSetBytes = stats.Memory?.WorkingSetBytes?.Value ?? 0,
        MemoryUsageBytes = stats.Memory?.UsageBytes?.Value ?? 0,
        MemoryRssBytes = stats.Memory?.RssBytes?.Value ?? 0,
        WritableLayerUsedBytes = stats.WritableLayer?.UsedBytes?.Value ?? 0,
        WritableLayerInodesUsed = stats.WritableLayer?.InodesUsed?.Value ?? 0,
    };

    public static Image ToRecord(this Cri.Image image) => new()
    {
        Id = image.Id,
        RepoTags = [.. image.RepoTags],
        RepoDigests = [.. image.RepoDigests],
        Size = image.Size,
        Uid = image.Uid?.Value,
        Username = image.Username,
        // containerd before 2.0 has no word for it, and a collected sandbox image would be the end of all new pods.
        Pinned = image.Pinned || image.RepoTags.Contains(PauseImage.Reference),
    };

    public static FilesystemUsage ToRecord(this Cri.FilesystemUsage usage) =>
        new(Time(usage.Timestamp), usage.FsId?.Mountpoint ?? "", usage.UsedBytes?.Value ?? 0, usage.InodesUsed?.Value ?? 0);

    public static RuntimeStatus ToRecord(this Cri.StatusResponse response) => new()
    {
        Conditions = [.. response.Status?.Conditions.Select(c => new RuntimeCondition(c.Type, c.Status, c.Reason, c.Message)) ?? []],
        Handlers = [.. response.RuntimeHandlers.Select(h =>
            new RuntimeHandler(h.Name, h.Features?.RecursiveReadOnlyMounts ?? false, h.Features?.UserNamespaces ?? false))],
    };

    private static LinuxContainerResources ToRecord(Cri.LinuxContainerResources resources) => new()
    {
        CpuPeriod = resources.CpuPeriod,
        CpuQuota = resources.CpuQuota,
        CpuShares = resources.CpuShares,
        MemoryLimitInBytes = resources.MemoryLimitInBytes,
        MemorySwapLimitInBytes = resources.MemorySwapLimitInBytes,
        OomScoreAdj = resources.OomScoreAdj,
        CpusetCpus = resources.CpusetCpus,
        CpusetMems = resources.CpusetMems,
        HugepageLimits = [.. resources.HugepageLimits.Select(h => new HugepageLimit(h.PageSize, h.Limit))],
        Unified = new Dictionary<string, string>(resources.Unified),
    };

    private static PodSandboxMetadata ToRecord(Cri.PodSandboxMetadata? metadata) =>
        metadata is null ? new("", "", "", 0) : new(metadata.Name, metadata.Uid, metadata.Namespace, metadata.Attempt);

    private static ContainerMetadata ToRecord(Cri.ContainerMetadata? metadata) =>
        metadata is null ? new("", 0) : new(metadata.Name, metadata.Attempt);

    private static ImageSpec ToRecord(Cri.ImageSpec? image) => image is null ? new("") : new(image.Image)
    {
        Annotations = new Dictionary<string, string>(image.Annotations),
        RuntimeHandler = image.RuntimeHandler,
    };

    private static DateTimeOffset? TimeOrNull(long nanoseconds) => nanoseconds == 0 ? null : Time(nanoseconds);

    // CRI counts nanoseconds since 1970; a tick has a hundred of them.
    private static DateTimeOffset Time(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);
}
