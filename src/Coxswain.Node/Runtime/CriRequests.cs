using Google.Protobuf.Collections;

namespace Coxswain.Node.Runtime;

/// <summary>Our records as CRI messages.</summary>
internal static class CriRequests
{
    public static Cri.PodSandboxConfig ToCri(this PodSandboxConfig config)
    {
        var message = new Cri.PodSandboxConfig
        {
            Metadata = new()
            {
                Name = config.Metadata.Name,
                Namespace = config.Metadata.Namespace,
                Uid = config.Metadata.Uid,
                Attempt = config.Metadata.Attempt,
            },
            Hostname = config.Hostname,
            LogDirectory = config.LogDirectory,
            Linux = ToCri(config.Linux),
        };
        if (config.DnsConfig is { } dns)
        {
            message.DnsConfig = new();
            message.DnsConfig.Servers.AddRange(dns.Servers);
            message.DnsConfig.Searches.AddRange(dns.Searches);
            message.DnsConfig.Options.AddRange(dns.Options);
        }
        message.PortMappings.AddRange(config.PortMappings.Select(p => new Cri.PortMapping
        {
            Protocol = (Cri.Protocol)p.Protocol,
            ContainerPort = p.ContainerPort,
            HostPort = p.HostPort,
            HostIp = p.HostIP,
        }));
        Fill(message.Labels, config.Labels);
        Fill(message.Annotations, config.Annotations);
        return message;
    }

    public static Cri.ContainerConfig ToCri(this ContainerConfig config)
    {
        var message = new Cri.ContainerConfig
        {
            Metadata = new() { Name = config.Metadata.Name, Attempt = config.Metadata.Attempt },
            Image = config.Image.ToCri(),
            WorkingDir = config.WorkingDir,
            LogPath = config.LogPath,
            Stdin = config.Stdin,
            StdinOnce = config.StdinOnce,
            Tty = config.Tty,
            Linux = new()
            {
                Resources = config.Linux.Resources.ToCri(),
                SecurityContext = ToCri(config.Linux.SecurityContext),
            },
        };
        message.Command.AddRange(config.Command);
        message.Args.AddRange(config.Args);
        message.Envs.AddRange(config.Envs.Select(e => new Cri.KeyValue { Key = e.Key, Value = e.Value }));
        message.Mounts.AddRange(config.Mounts.Select(m => new Cri.Mount
        {
            ContainerPath = m.ContainerPath,
            HostPath = m.HostPath,
            Readonly = m.Readonly,
            RecursiveReadOnly = m.RecursiveReadOnly,
            SelinuxRelabel = m.SelinuxRelabel,
            Propagation = (Cri.MountPropagation)m.Propagation,
        }));
        message.Devices.AddRange(config.Devices.Select(d => new Cri.Device
        {
            ContainerPath = d.ContainerPath,
            HostPath = d.HostPath,
            Permissions = d.Permissions,
        }));
        Fill(message.Labels, config.Labels);
        Fill(message.Annotations, config.Annotations);
        return message;
    }

    public static Cri.LinuxContainerResources ToCri(this LinuxContainerResources resources)
    {
        var message = new Cri.LinuxContainerResources
        {
            CpuPeriod = resources.CpuPeriod,
            CpuQuota = resources.CpuQuota,
            CpuShares = resources.CpuShares,
            MemoryLimitInBytes = resources.MemoryLimitInBytes,
            MemorySwapLimitInBytes = resources.MemorySwapLimitInBytes,
            OomScoreAdj = resources.OomScoreAdj,
            CpusetCpus = resources.CpusetCpus,
            CpusetMems = resources.CpusetMems,
        };
        message.HugepageLimits.AddRange(resources.HugepageLimits.Select(h => new Cri.HugepageLimit
        {
            PageSize = h.PageSize,
            Limit = h.Limit,
        }));
        Fill(message.Unified, resources.Unified);
        return message;
    }

    public static Cri.ImageSpec ToCri(this ImageSpec image)
    {
        var message = new Cri.ImageSpec { Image = image.Image, RuntimeHandler = image.RuntimeHandler };
        Fill(message.Annotations, image.Annotations);
        return message;
    }

    public static Cri.AuthConfig ToCri(this AuthConfig auth) => new()
    {
        Username = auth.Username,
        Password = auth.Password,
        Auth = auth.Auth,
        ServerAddress = auth.ServerAddress,
        IdentityToken = auth.IdentityToken,
        RegistryToken = auth.RegistryToken,
    };

    public static Cri.PodSandboxFilter ToCri(this PodSandboxFilter filter)
    {
        var message = new Cri.PodSandboxFilter { Id = filter.Id ?? "" };
        if (filter.State is { } state)
            message.State = new() { State = (Cri.PodSandboxState)state };
        Fill(message.LabelSelector, filter.LabelSelector);
        return message;
    }

    public static Cri.ContainerFilter ToCri(this ContainerFilter filter)
    {
        var message = new Cri.ContainerFilter { Id = filter.Id ?? "", PodSandboxId = filter.PodSandboxId ?? "" };
        if (filter.State is { } state)
            message.State = new() { State = (Cri.ContainerState)state };
        Fill(message.LabelSelector, filter.LabelSelector);
        return message;
    }

    public static Cri.ContainerStatsFilter ToStatsFilter(this ContainerFilter filter)
    {
        var message = new Cri.ContainerStatsFilter { Id = filter.Id ?? "", PodSandboxId = filter.PodSandboxId ?? "" };
        Fill(message.LabelSelector, filter.LabelSelector);
        return message;
    }

    private static Cri.LinuxPodSandboxConfig ToCri(LinuxPodSandboxConfig linux)
    {
        var security = linux.SecurityContext;
        var message = new Cri.LinuxPodSandboxConfig
        {
            CgroupParent = linux.CgroupParent,
            Overhead = linux.Overhead?.ToCri(),
            Resources = linux.Resources?.ToCri(),
            SecurityContext = new()
            {
                NamespaceOptions = ToCri(security.NamespaceOptions),
                SelinuxOptions = ToCri(security.SelinuxOptions),
                RunAsUser = ToCri(security.RunAsUser),
                RunAsGroup = ToCri(security.RunAsGroup),
                ReadonlyRootfs = security.ReadonlyRootfs,
                Privileged = security.Privileged,
                Seccomp = ToCri(security.Seccomp),
                Apparmor = ToCri(security.Apparmor),
            },
        };
        message.SecurityContext.SupplementalGroups.AddRange(security.SupplementalGroups);
        Fill(message.Sysctls, linux.Sysctls);
        return message;
    }

    private static Cri.LinuxContainerSecurityContext ToCri(LinuxContainerSecurityContext security)
    {
        var message = new Cri.LinuxContainerSecurityContext
        {
            Privileged = security.Privileged,
            NamespaceOptions = ToCri(security.NamespaceOptions),
            SelinuxOptions = ToCri(security.SelinuxOptions),
            RunAsUser = ToCri(security.RunAsUser),
            RunAsGroup = ToCri(security.RunAsGroup),
            RunAsUsername = security.RunAsUsername,
            ReadonlyRootfs = security.ReadonlyRootfs,
            NoNewPrivs = security.NoNewPrivs,
            Seccomp = ToCri(security.Seccomp),
            Apparmor = ToCri(security.Apparmor),
        };
        if (security.Capabilities is { } capabilities)
        {
            message.Capabilities = new();
            message.Capabilities.AddCapabilities.AddRange(capabilities.AddCapabilities);
            message.Capabilities.DropCapabilities.AddRange(capabilities.DropCapabilities);
        }
        message.SupplementalGroups.AddRange(security.SupplementalGroups);
        message.MaskedPaths.AddRange(security.MaskedPaths);
        message.ReadonlyPaths.AddRange(security.ReadonlyPaths);
        return message;
    }

    private static Cri.NamespaceOption ToCri(NamespaceOptions options) => new()
    {
        Network = (Cri.NamespaceMode)options.Network,
        Pid = (Cri.NamespaceMode)options.Pid,
        Ipc = (Cri.NamespaceMode)options.Ipc,
        TargetId = options.TargetId,
    };

    private static Cri.Int64Value? ToCri(long? value) => value is { } number ? new() { Value = number } : null;

    private static Cri.SELinuxOption? ToCri(SeLinuxOption? option) => option is null ? null : new()
    {
        User = option.User,
        Role = option.Role,
        Type = option.Type,
        Level = option.Level,
    };

    private static Cri.SecurityProfile? ToCri(SecurityProfile? profile) => profile is null ? null : new()
    {
        ProfileType = (Cri.SecurityProfile.Types.ProfileType)profile.ProfileType,
        LocalhostRef = profile.LocalhostRef,
    };

    private static void Fill(MapField<string, string> target, IReadOnlyDictionary<string, string> source)
    {
        foreach (var (key, value) in source)
            target[key] = value;
    }
}
