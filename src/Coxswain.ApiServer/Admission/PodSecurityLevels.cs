using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Admission;

/// <summary>The two levels of pod security that forbid something, in upstream's order and words.</summary>
internal sealed class PodSecurityLevels
{
    private static readonly string[] DefaultCapabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
        "SYS_CHROOT",
    ];

    private static readonly string[] SafeSysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ];

    private readonly PodSpec spec;
    private readonly List<Part> containers = [];
    private readonly List<string> problems = [];

    private readonly record struct Part(string Name, SecurityContext? Context, ApiList<ContainerPort> Ports);

    private PodSecurityLevels(PodSpec spec)
    {
        this.spec = spec;
        foreach (var c in spec.InitContainers)
            containers.Add(new(c.Name, c.SecurityContext, c.Ports));
        foreach (var c in spec.Containers)
            containers.Add(new(c.Name, c.SecurityContext, c.Ports));
        foreach (var c in spec.EphemeralContainers)
            containers.Add(new(c.Name, c.SecurityContext, c.Ports));
    }

    /// <summary>What of the level the pod breaks, one text each.</summary>
    public static List<string> Check(PodSpec spec, bool restricted)
    {
        var check = new PodSecurityLevels(spec);
        check.Baseline(restricted);
        if (restricted)
            check.Restricted();
        return check.problems;
    }

    private void Baseline(bool restricted)
    {
        AppArmor();
        if (!restricted)
            Capabilities();
        var host = new List<string>();
        if (spec.HostNetwork)
            host.Add("hostNetwork=true");
        if (spec.HostPID)
            host.Add("hostPID=true");
        if (spec.HostIPC)
            host.Add("hostIPC=true");
        Say("host namespaces", string.Join(", ", host));
        if (!restricted)
            Say("hostPath volumes", Named("volume", VolumesWhere(static v => v.HostPath is not null)));
        HostPorts();
        Say("privileged", For(static p => p.Context?.Privileged == true, "must not set securityContext.privileged=true"));
        Say("procMount", For(static p => p.Context?.ProcMount is not null and not "Default", "must not set securityContext.procMount to \"Unmasked\""));
        SeLinux();
        if (!restricted)
            SeccompBaseline();
        var unsafeSysctls = new List<string>();
        foreach (var sysctl in spec.SecurityContext?.Sysctls ?? default)
            if (!SafeSysctls.Contains(sysctl.Name))
                unsafeSysctls.Add(sysctl.Name);
        Say("forbidden sysctls", string.Join(", ", unsafeSysctls));
        Say("hostProcess", HostProcess());
    }

    private void Restricted()
    {
        Say("allowPrivilegeEscalation != false",
            For(static p => p.Context?.AllowPrivilegeEscalation != false, "must set securityContext.allowPrivilegeEscalation=false"));
        RestrictedCapabilities();
        RestrictedVolumes();
        if (spec.SecurityContext?.RunAsNonRoot == true)
            Say("runAsNonRoot != true", For(static p => p.Context?.RunAsNonRoot == false, "must not set securityContext.runAsNonRoot=false"));
        else
            Say("runAsNonRoot != true", For(static p => p.Context?.RunAsNonRoot != true, "must set securityContext.runAsNonRoot=true", orPod: true));
        var root = new List<string>();
        if (spec.SecurityContext?.RunAsUser == 0)
            root.Add("pod must not set runAsUser=0");
        if (For(static p => p.Context?.RunAsUser == 0, "must not set runAsUser=0") is { Length: > 0 } some)
            root.Add(some);
        Say("runAsUser=0", string.Join(", ", root));
        SeccompRestricted();
    }

    private void AppArmor()
    {
        var bad = new List<string>();
        if (spec.SecurityContext?.AppArmorProfile is { Type: "Unconfined" })
            bad.Add("pod must not set AppArmor profile type to \"Unconfined\"");
        if (For(static p => p.Context?.AppArmorProfile is { Type: "Unconfined" }, "must not set AppArmor profile type to \"Unconfined\"") is { Length: > 0 } some)
            bad.Add(some);
        Say("forbidden AppArmor profile", string.Join(", ", bad));
    }

    private void Capabilities()
    {
        var added = new SortedSet<string>(StringComparer.Ordinal);
        var names = new List<string>();
        foreach (var part in containers)
        {
            var bad = false;
            foreach (var capability in part.Context?.Capabilities?.Add ?? default)
                if (!DefaultCapabilities.Contains(capability))
                {
                    added.Add(capability);
                    bad = true;
                }

            if (bad)
                names.Add(part.Name);
        }

        if (names.Count > 0)
            Say("non-default capabilities", $"{Named("container", names)} must not include {Quoted(added)} in securityContext.capabilities.add");
    }

    private void RestrictedCapabilities()
    {
        var details = new List<string>();
        if (For(static p => p.Context?.Capabilities is not { } c || !c.Drop.AsSpan().Contains("ALL"),
                "must set securityContext.capabilities.drop=[\"ALL\"]") is { Length: > 0 } missing)
            details.Add(missing);
        var added = new SortedSet<string>(StringComparer.Ordinal);
        var names = new List<string>();
        foreach (var part in containers)
        {
            var bad = false;
            foreach (var capability in part.Context?.Capabilities?.Add ?? default)
                if (capability != "NET_BIND_SERVICE")
                {
                    added.Add(capability);
                    bad = true;
                }

            if (bad)
                names.Add(part.Name);
        }

        if (names.Count > 0)
            details.Add($"{Named("container", names)} must not include {Quoted(added)} in securityContext.capabilities.add");
        Say("unrestricted capabilities", string.Join("; ", details));
    }

    private void HostPorts()
    {
        var names = new List<string>();
        var ports = new SortedSet<int>();
        foreach (var part in containers)
        {
            var bad = false;
            foreach (var port in part.Ports)
                if (port.HostPort != 0)
                {
                    ports.Add(port.HostPort);
                    bad = true;
                }

            if (bad)
                names.Add(part.Name);
        }

        if (names.Count > 0)
            Say("hostPort", $"{Named("container", names)} {(names.Count == 1 ? "uses" : "use")} {(ports.Count == 1 ? "hostPort" : "hostPorts")} {string.Join(", ", ports)}");
    }

    private void SeLinux()
    {
        var (types, user, role) = (new SortedSet<string>(StringComparer.Ordinal), false, false);
        var setters = new List<string>();
        var inPod = Look(spec.SecurityContext?.SeLinuxOptions);
        foreach (var part in containers)
            if (Look(part.Context?.SeLinuxOptions))
                setters.Add(part.Name);
        if (!inPod && setters.Count == 0)
            return;
        var who = inPod && setters.Count > 0 ? $"pod and {Named("container", setters)}" : inPod ? "pod" : Named("container", setters);
        var what = new List<string>();
        if (types.Count > 0)
            what.Add($"type{(types.Count == 1 ? "" : "s")} {Quoted(types)}");
        if (user)
            what.Add("user may not be set");
        if (role)
            what.Add("role may not be set");
        Say("seLinuxOptions", $"{who} set forbidden securityContext.seLinuxOptions: {string.Join("; ", what)}");

        bool Look(SELinuxOptions? options)
        {
            if (options is null)
                return false;
            var bad = false;
            if (options.Type is not ("" or "container_t" or "container_init_t" or "container_kvm_t" or "container_engine_t"))
            {
                types.Add(options.Type);
                bad = true;
            }

            user |= options.User.Length > 0;
            role |= options.Role.Length > 0;
            return bad || options.User.Length > 0 || options.Role.Length > 0;
        }
    }

    private void SeccompBaseline()
    {
        var details = new List<string>();
        if (spec.SecurityContext?.SeccompProfile is { Type: "Unconfined" })
            details.Add("pod must not set securityContext.seccompProfile.type to \"Unconfined\"");
        if (For(static p => p.Context?.SeccompProfile is { Type: "Unconfined" }, "must not set securityContext.seccompProfile.type to \"Unconfined\"") is { Length: > 0 } some)
            details.Add(some);
        Say("seccompProfile", string.Join(", ", details));
    }

    private void SeccompRestricted()
    {
        var whole = spec.SecurityContext?.SeccompProfile?.Type;
        var good = whole is "RuntimeDefault" or "Localhost";
        var details = new List<string>();
        if (whole is not null && !good)
            details.Add($"pod must not set securityContext.seccompProfile.type to {GoText.Quote(whole)}");
        if (For(static p => p.Context?.SeccompProfile is { } own && own.Type is not ("RuntimeDefault" or "Localhost"),
                "must not set securityContext.seccompProfile.type to \"Unconfined\"") is { Length: > 0 } explicitly)
            details.Add(explicitly);
        if (details.Count == 0 && !good)
            details.Add(For(static p => p.Context?.SeccompProfile is null,
                "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", orPod: true));
        Say("seccompProfile", string.Join(", ", details));
    }

    private void RestrictedVolumes()
    {
        var names = new List<string>();
        var types = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var volume in spec.Volumes)
            if (RestrictedType(volume) is { } type)
            {
                names.Add(volume.Name);
                types.Add(type);
            }

        if (names.Count > 0)
            Say("restricted volume types", $"{Named("volume", names)} {(names.Count == 1 ? "uses" : "use")} restricted volume type{(types.Count == 1 ? "" : "s")} {Quoted(types)}");
    }

    private static string? RestrictedType(Volume v)
    {
        if (v.ConfigMap is not null || v.Csi is not null || v.DownwardAPI is not null || v.EmptyDir is not null || v.Ephemeral is not null
            || v.PersistentVolumeClaim is not null || v.Projected is not null || v.Secret is not null || v.Image is not null)
            return null;
        return v switch
        {
            { HostPath: not null } => "hostPath",
            { GcePersistentDisk: not null } => "gcePersistentDisk",
            { AwsElasticBlockStore: not null } => "awsElasticBlockStore",
            { GitRepo: not null } => "gitRepo",
            { Nfs: not null } => "nfs",
            { Iscsi: not null } => "iscsi",
            { Glusterfs: not null } => "glusterfs",
            { Rbd: not null } => "rbd",
            { FlexVolume: not null } => "flexVolume",
            { Cinder: not null } => "cinder",
            { Cephfs: not null } => "cephfs",
            { Flocker: not null } => "flocker",
            { Fc: not null } => "fc",
            { AzureFile: not null } => "azureFile",
            { VsphereVolume: not null } => "vsphereVolume",
            { Quobyte: not null } => "quobyte",
            { AzureDisk: not null } => "azureDisk",
            { PortworxVolume: not null } => "portworxVolume",
            { ScaleIO: not null } => "scaleIO",
            { Storageos: not null } => "storageos",
            { PhotonPersistentDisk: not null } => "photonPersistentDisk",
            _ => "unknown",
        };
    }

    private string HostProcess()
    {
        var details = new List<string>();
        if (spec.SecurityContext?.WindowsOptions?.HostProcess == true)
            details.Add("pod must not set securityContext.windowsOptions.hostProcess=true");
        if (For(static p => p.Context?.WindowsOptions?.HostProcess == true, "must not set securityContext.windowsOptions.hostProcess=true") is { Length: > 0 } some)
            details.Add(some);
        return string.Join(", ", details);
    }

    private List<string> VolumesWhere(Func<Volume, bool> test)
    {
        var names = new List<string>();
        foreach (var volume in spec.Volumes)
            if (test(volume))
                names.Add(volume.Name);
        return names;
    }

    private string For(Func<Part, bool> test, string demand, bool orPod = false)
    {
        var names = new List<string>();
        foreach (var part in containers)
            if (test(part))
                names.Add(part.Name);
        return names.Count == 0 ? "" : $"{(orPod ? "pod or " : "")}{Named("container", names)} {demand}";
    }

    private static string Named(string what, List<string> names) =>
        names.Count == 0 ? "" : $"{what}{(names.Count == 1 ? "" : "s")} {Quoted(names)}";

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(GoText.Quote));

    private void Say(string reason, string detail)
    {
        if (detail.Length > 0)
            problems.Add($"{reason} ({detail})");
    }
}
