using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;
using SeccompProfile = Coxswain.Api.Core.V1.SeccompProfile;

namespace Coxswain.Node.Tests.Pods;

public sealed class PodConfigurationTests
{
    private static readonly CgroupFeatures Version2 = new(true, true, ["2Mi"]);
    private readonly List<string> _warnings = [];

    [Fact]
    public void Cluster_first_asks_the_cluster_and_searches_the_namespace_first()
    {
        var dns = Dns("nameserver 8.8.8.8\nsearch corp.example.\noptions timeout:1\n").For(TestPods.Pod(), Warn);

        Assert.Equal(["10.96.0.10"], dns.Servers);
        Assert.Equal(["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"], dns.Searches);
        Assert.Equal(["ndots:5"], dns.Options);
    }

    [Theory]
    [InlineData("Default", false, "8.8.8.8")]
    [InlineData("ClusterFirst", true, "8.8.8.8")]
    [InlineData("ClusterFirstWithHostNet", true, "10.96.0.10")]
    [InlineData("None", false, "")]
    public void The_dns_policy_chooses_the_server(string policy, bool hostNetwork, string server)
    {
        var dns = Dns("nameserver 8.8.8.8\n").For(TestPods.Pod().With(spec => spec with { DnsPolicy = policy, HostNetwork = hostNetwork }), Warn);

        Assert.Equal(server, string.Join(',', dns.Servers));
    }

    [Fact]
    public void A_dns_config_adds_and_its_options_replace()
    {
        var dns = Dns("").For(TestPods.Pod().With(spec => spec with
        {
            DnsConfig = new()
            {
                Nameservers = ["1.1.1.1"],
                Searches = ["example.org"],
                Options = [new() { Name = "ndots", Value = "2" }, new() { Name = "edns0" }],
            },
        }), Warn);

        Assert.Equal(["10.96.0.10", "1.1.1.1"], dns.Servers);
        Assert.Equal("example.org", dns.Searches[^1]);
        Assert.Equal(["ndots:2", "edns0"], dns.Options);
    }

    [Fact]
    public void More_than_three_servers_are_cut_with_a_warning()
    {
        var dns = Dns("").For(TestPods.Pod().With(spec => spec with { DnsConfig = new() { Nameservers = ["1.1.1.1", "2.2.2.2", "3.3.3.3"] } }), Warn);

        Assert.Equal(3, dns.Servers.Count);
        Assert.Equal(
            ["DNSConfigForming: Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 1.1.1.1 2.2.2.2"],
            _warnings);
    }

    [Fact]
    public void Without_a_cluster_dns_the_hosts_is_used_with_a_warning()
    {
        var dns = new DnsConfigurer([], "cluster.local", () => ResolverSettings.Parse("nameserver 8.8.8.8")).For(TestPods.Pod(), Warn);

        Assert.Equal(["8.8.8.8"], dns.Servers);
        Assert.StartsWith("MissingClusterDNS", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_hosts_file_names_the_pod_and_its_aliases()
    {
        var text = HostsFile.Render(
            ["10.1.0.5"], "web-0", "web.default.svc.cluster.local", [new HostAlias { Ip = "192.0.2.1", Hostnames = ["foo", "bar"] }]);

        Assert.Equal(
            "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n"
            + "fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n10.1.0.5\tweb-0.web.default.svc.cluster.local\tweb-0\n"
            + "\n# Entries added by HostAliases.\n192.0.2.1\tfoo\tbar\n",
            text);
    }

    [Fact]
    public void A_long_pod_name_is_cut_for_the_host_name()
    {
        var pod = TestPods.Pod(new string('a', 62) + "-b");

        Assert.Equal(new string('a', 62), PodHostname.Of(pod, "cluster.local").Hostname);
    }

    [Fact]
    public void A_host_name_may_be_the_full_name()
    {
        var pod = TestPods.Pod().With(spec => spec with { Hostname = "a", Subdomain = "b", SetHostnameAsFQDN = true });

        Assert.Equal("a.b.default.svc.cluster.local", PodHostname.ForSandbox(pod, "cluster.local"));
    }

    [Theory]
    [InlineData(null, null, "BestEffort", 1000)]
    [InlineData("1", "1", "Guaranteed", -997)]
    [InlineData("500m", "1", "Burstable", 750)]
    public void The_quality_of_service_follows_from_requests_and_limits(string? request, string? limit, string expected, int score)
    {
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with
        {
            Resources = new()
            {
                Requests = request is null ? default : TestPods.Quantities(("cpu", request), ("memory", "2Gi")),
                Limits = limit is null ? default : TestPods.Quantities(("cpu", limit), ("memory", "2Gi")),
            },
        }));

        Assert.Equal(expected, PodQos.ClassOf(pod));
        Assert.Equal(score, PodQos.OomScoreAdjustment(pod, pod.Spec.Containers[0], 8L << 30));
    }

    [Fact]
    public void A_pod_whose_init_container_has_no_limits_is_not_guaranteed()
    {
        var limits = new ResourceRequirements { Limits = TestPods.Quantities(("cpu", "1"), ("memory", "1Gi")), Requests = TestPods.Quantities(("cpu", "1"), ("memory", "1Gi")) };
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with { Resources = limits }));

        Assert.Equal("Guaranteed", PodQos.ClassOf(pod));
        Assert.Equal("Burstable", PodQos.ClassOf(pod.With(spec => spec with { InitContainers = [TestPods.Container("init")] })));
    }

    [Fact]
    public void Requests_of_a_pod_are_those_of_its_containers_and_sidecars_or_of_its_largest_init_step()
    {
        static Container Cpu(string name, string cpu, string? policy = null) => TestPods.Container(name, c => c with
        {
            RestartPolicy = policy,
            Resources = new() { Requests = TestPods.Quantities(("cpu", cpu)) },
        });
        var pod = TestPods.Pod("web", Cpu("a", "1"), Cpu("b", "1")).With(spec => spec with { InitContainers = [Cpu("side", "500m", "Always"), Cpu("init", "2")] });

        Assert.Equal(2500, PodResources.Requests(pod)["cpu"]);
        Assert.Equal(3500, PodResources.Requests(pod.With(spec => spec with { InitContainers = [Cpu("side", "500m", "Always"), Cpu("init", "3")] }))["cpu"]);
    }

    [Fact]
    public void Requests_and_limits_become_the_kernels_numbers()
    {
        var container = TestPods.Container("web", c => c with
        {
            Resources = new()
            {
                Requests = TestPods.Quantities(("cpu", "250m"), ("memory", "64Mi")),
                Limits = TestPods.Quantities(("cpu", "500m"), ("memory", "128Mi"), ("hugepages-2Mi", "4Mi")),
            },
        });

        var resources = LinuxResources.For(TestPods.Pod("web", container), container, TestPods.Node, Version2, cfsQuota: true);

        Assert.Equal(256, resources.CpuShares);
        Assert.Equal(50_000, resources.CpuQuota);
        Assert.Equal(100_000, resources.CpuPeriod);
        Assert.Equal(128L << 20, resources.MemoryLimitInBytes);
        Assert.Equal(128L << 20, resources.MemorySwapLimitInBytes);
        Assert.Equal([new HugepageLimit("2MB", 4UL << 20)], resources.HugepageLimits);
        Assert.Equal("1", resources.Unified["memory.oom.group"]);
        Assert.Equal(992, resources.OomScoreAdj);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(1000, 1024)]
    [InlineData(1_000_000, 262144)]
    public void Processor_shares_stay_in_the_kernels_range(long milli, long shares) => Assert.Equal(shares, LinuxResources.Shares(milli));

    [Fact]
    public void The_containers_security_context_wins_over_the_pods_and_that_over_the_images()
    {
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with
        {
            SecurityContext = new()
            {
                RunAsUser = 1000,
                ReadOnlyRootFilesystem = true,
                AllowPrivilegeEscalation = false,
                Capabilities = new() { Add = ["NET_ADMIN"], Drop = ["ALL"] },
                SeccompProfile = new SeccompProfile { Type = "Localhost", LocalhostProfile = "audit.json" },
            },
        })).With(spec => spec with { SecurityContext = new() { RunAsUser = 2000, RunAsGroup = 3000, FsGroup = 4000, SupplementalGroups = [5000] } });

        var context = SecurityContexts.For(pod, pod.Spec.Containers[0], null, "/seccomp", null);

        Assert.Equal(1000, context.RunAsUser);
        Assert.Equal(3000, context.RunAsGroup);
        Assert.Equal([5000, 4000], context.SupplementalGroups);
        Assert.True(context.ReadonlyRootfs);
        Assert.True(context.NoNewPrivs);
        Assert.Equal(["NET_ADMIN"], context.Capabilities!.AddCapabilities);
        Assert.Equal(["ALL"], context.Capabilities.DropCapabilities);
        Assert.Equal(new SecurityProfile(SecurityProfileType.Localhost, "/seccomp/audit.json"), context.Seccomp);
        Assert.Contains("/proc/kcore", context.MaskedPaths);
        Assert.Contains("/proc/sys", context.ReadonlyPaths);
    }

    [Fact]
    public void An_image_states_the_user_when_nobody_else_does()
    {
        var pod = TestPods.Pod();

        Assert.Equal(33, SecurityContexts.For(pod, pod.Spec.Containers[0], new() { Id = "x", Uid = 33 }, "/seccomp", null).RunAsUser);
        Assert.Equal("www", SecurityContexts.For(pod, pod.Spec.Containers[0], new() { Id = "x", Username = "www" }, "/seccomp", null).RunAsUsername);
    }

    [Fact]
    public void A_privileged_container_is_neither_masked_nor_filtered()
    {
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with { SecurityContext = new() { Privileged = true } }));

        var context = SecurityContexts.For(pod, pod.Spec.Containers[0], null, "/seccomp", null);

        Assert.True(context.Privileged);
        Assert.Empty(context.MaskedPaths);
        Assert.Equal(SecurityProfileType.Unconfined, context.Seccomp!.ProfileType);
    }

    [Fact]
    public void A_container_that_must_not_be_root_is_refused_when_it_would_be()
    {
        var pod = TestPods.Pod().With(spec => spec with { SecurityContext = new() { RunAsNonRoot = true } });
        var container = pod.Spec.Containers[0];

        Assert.Equal(
            "container has runAsNonRoot and image will run as root (pod: \"web_default(uid-web)\", container: web)",
            Assert.Throws<ContainerConfigException>(() => SecurityContexts.VerifyNonRoot(pod, container, new() { Id = "x", Uid = 0 })).Message);
        Assert.Equal(
            "container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root (pod: \"web_default(uid-web)\", container: web)",
            Assert.Throws<ContainerConfigException>(() => SecurityContexts.VerifyNonRoot(pod, container, new() { Id = "x", Username = "www" })).Message);
        Assert.Equal(
            "container's runAsUser breaks non-root policy (pod: \"web_default(uid-web)\", container: web)",
            Assert.Throws<ContainerConfigException>(() => SecurityContexts.VerifyNonRoot(pod, container with { SecurityContext = new() { RunAsUser = 0 } }, null)).Message);
        SecurityContexts.VerifyNonRoot(pod, container, new() { Id = "x", Uid = 33 });
    }

    [Theory]
    [InlineData(CgroupDriver.Cgroupfs, "/coxswain-1", "BestEffort", "/coxswain-1/kubepods/besteffort/podu-1")]
    [InlineData(CgroupDriver.Cgroupfs, "/", "Guaranteed", "/kubepods/podu-1")]
    [InlineData(CgroupDriver.Systemd, "coxswain1.slice", "Burstable", "coxswain1-kubepods-burstable-podu_1.slice")]
    [InlineData(CgroupDriver.Systemd, "/", "Guaranteed", "kubepods-podu_1.slice")]
    public void The_cgroup_of_a_pod_follows_from_its_class(CgroupDriver driver, string root, string qos, string expected)
    {
        var resources = qos switch
        {
            "Guaranteed" => new ResourceRequirements { Requests = TestPods.Quantities(("cpu", "1"), ("memory", "1Gi")), Limits = TestPods.Quantities(("cpu", "1"), ("memory", "1Gi")) },
            "Burstable" => new ResourceRequirements { Requests = TestPods.Quantities(("cpu", "1")) },
            _ => ResourceRequirements.Empty,
        };
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with { Resources = resources }));
        pod = pod with { Metadata = pod.Metadata with { Uid = "u-1" } };
        var options = new NodeAgentOptions { NodeName = "n", RootDirectory = "/r", NodeIPs = [], CgroupDriver = driver, CgroupRoot = root };

        Assert.Equal(expected, new PodCgroups(options, Version2).ParentFor(pod));
    }

    [Fact]
    public void The_cgroups_of_a_pod_are_limited_and_removed_on_both_versions()
    {
        var mount = Directory.CreateTempSubdirectory("coxswain-cgroup-").FullName;
        var options = new NodeAgentOptions { NodeName = "n", RootDirectory = "/r", NodeIPs = [] };
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with { Resources = new() { Limits = TestPods.Quantities(("cpu", "500m"), ("memory", "64Mi")), Requests = TestPods.Quantities(("cpu", "250m")) } }));
        var folder = Path.Combine(mount, "memory", "kubepods", "burstable", "poduid-web");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "memory.limit_in_bytes"), "");
        var cgroups = new PodCgroups(options, new(Version2: false, SwapAccounting: false, []), mount);

        Assert.Null(cgroups.Apply(pod));

        Assert.Equal((64L << 20).ToString(System.Globalization.CultureInfo.InvariantCulture), File.ReadAllText(Path.Combine(folder, "memory.limit_in_bytes")));
        File.Delete(Path.Combine(folder, "memory.limit_in_bytes")); // the kernel's files go with their folder
        Assert.Null(cgroups.Remove(pod));
        Assert.False(Directory.Exists(folder));
        Directory.Delete(mount, recursive: true);
    }

    [Fact]
    public void A_sandbox_carries_the_names_by_which_it_is_found_again()
    {
        var options = new NodeAgentOptions { NodeName = "n", RootDirectory = "/r", NodeIPs = [], PodLogsDirectory = "/logs" };
        var builder = new SandboxConfigBuilder(options, Dns(""), new PodCgroups(options, Version2));
        var pod = TestPods.Pod("web", TestPods.Container("web", c => c with { Ports = [new() { ContainerPortValue = 80, HostPort = 8080, Protocol = "UDP", HostIP = "127.0.0.1" }] })).With(spec => spec with
        {
            ShareProcessNamespace = true,
            SecurityContext = new() { Sysctls = [new() { Name = "net/ipv4/ip_forward", Value = "1" }] },
        });

        var config = builder.Build(pod, 3, Warn);

        Assert.Equal(new PodSandboxMetadata("web", "uid-web", "default", 3), config.Metadata);
        Assert.Equal("web", config.Hostname);
        Assert.Equal("/logs/default_web_uid-web", config.LogDirectory);
        Assert.Equal("uid-web", config.Labels["io.kubernetes.pod.uid"]);
        Assert.Equal([new PortMapping(PortProtocol.Udp, 80, 8080, "127.0.0.1")], config.PortMappings);
        Assert.Equal(NamespaceMode.Pod, config.Linux.SecurityContext.NamespaceOptions.Pid);
        Assert.Equal("1", config.Linux.Sysctls["net.ipv4.ip_forward"]);
        Assert.Equal("/kubepods/besteffort/poduid-web", config.Linux.CgroupParent);
        var host = builder.Build(pod.With(spec => spec with { HostNetwork = true, HostPID = true }), 0, Warn);
        Assert.Equal("", host.Hostname);
        Assert.Empty(host.PortMappings);
        Assert.Equal(NamespaceMode.Node, host.Linux.SecurityContext.NamespaceOptions.Network);
    }

    private static DnsConfigurer Dns(string resolvConf) => new(["10.96.0.10"], "cluster.local", () => ResolverSettings.Parse(resolvConf));

    private void Warn(string reason, string message) => _warnings.Add($"{reason}: {message}");
}
