using Coxswain.Node.Runtime;
using Coxswain.Node.Tests.Containerd;

namespace Coxswain.Node.Tests.Runtime;

/// <summary>A sandbox of one test, with its containers.</summary>
internal sealed class TestPod : IAsyncDisposable
{
    private readonly IContainerRuntime _runtime;
    private readonly CancellationToken _cancellation;
    private readonly NamespaceMode _pid;

    private TestPod(IContainerRuntime runtime, PodSandboxConfig config, NamespaceMode pid, CancellationToken cancellation)
    {
        _runtime = runtime;
        _cancellation = cancellation;
        _pid = pid;
        Config = config;
    }

    public PodSandboxConfig Config { get; }

    public string SandboxId { get; private set; } = "";

    public static Task<TestPod> StartAsync(ContainerdFixture containerd, CancellationToken cancellation) =>
        StartAsync(containerd, containerd.Runtime, NamespaceMode.Container, [], cancellation);

    public static Task<TestPod> StartAsync(
        ContainerdFixture containerd, IContainerRuntime runtime, IReadOnlyList<PortMapping> ports, CancellationToken cancellation) =>
        StartAsync(containerd, runtime, NamespaceMode.Container, ports, cancellation);

    public static async Task<TestPod> StartAsync(
        ContainerdFixture containerd, IContainerRuntime runtime, NamespaceMode pid, IReadOnlyList<PortMapping> ports, CancellationToken cancellation)
    {
        var uid = Guid.NewGuid().ToString();
        var pod = new TestPod(runtime, new()
        {
            Metadata = new("pod-" + uid[..8], uid, "test", 0),
            Hostname = "pod",
            LogDirectory = Path.Combine(containerd.Instance.DataDir, "logs", uid),
            Labels = new Dictionary<string, string> { ["uid"] = uid },
            PortMappings = ports,
            Linux = new()
            {
                CgroupParent = containerd.CgroupParent,
                SecurityContext = new() { NamespaceOptions = new() { Pid = pid } },
            },
        }, pid, cancellation);
        Directory.CreateDirectory(pod.Config.LogDirectory);
        pod.SandboxId = await runtime.RunPodSandboxAsync(pod.Config, "", cancellation);
        return pod;
    }

    public async Task<string> IPAsync() => (await _runtime.PodSandboxStatusAsync(SandboxId, _cancellation)).IPs[0];

    public async Task<string> RunAsync(string name, string script, Func<ContainerConfig, ContainerConfig>? change = null)
    {
        var config = new ContainerConfig
        {
            Metadata = new(name, 0),
            Image = new(ContainerdFixture.Busybox),
            Command = ["/bin/sh", "-c", script],
            LogPath = name + ".log",
            Linux = new() { SecurityContext = new() { NamespaceOptions = new() { Pid = _pid } } },
        };
        var id = await _runtime.CreateContainerAsync(SandboxId, change?.Invoke(config) ?? config, Config, _cancellation);
        await _runtime.StartContainerAsync(id, _cancellation);
        return id;
    }

    public async Task<ContainerStatus> WaitForExitAsync(string id)
    {
        while (true)
        {
            var status = await _runtime.ContainerStatusAsync(id, _cancellation);
            if (status.State == ContainerState.Exited)
                return status;
            await Task.Delay(20, _cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _runtime.StopPodSandboxAsync(SandboxId, CancellationToken.None);
        await _runtime.RemovePodSandboxAsync(SandboxId, CancellationToken.None);
    }
}
