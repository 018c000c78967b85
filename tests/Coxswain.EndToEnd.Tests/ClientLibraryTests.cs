using Coxswain.EndToEnd.Tests.Kubectl;

namespace Coxswain.EndToEnd.Tests;

/// <summary>Client libraries of other languages, as they are: the programs lie in tests/clients, and say a sentence for each thing they could do.</summary>
[Collection(nameof(PodCollection))]
public sealed class ClientLibraryTests(KubectlPodCluster cluster)
{
    private const string Python = "/usr/bin/python3";
    private const string Image = "localhost/busybox:1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_javascript_client_lists_watches_is_informed_and_runs_programs_in_containers()
    {
        var folder = Path.Combine(Repository.Root, "tools", "javascript");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "@kubernetes", "client-node")))
            Assert.Skip("the JavaScript client is missing: scripts/clients.sh");
        // A module finds its packages beside itself.
        File.Copy(Path.Combine(Repository.Root, "tests", "clients", "javascript", "test.mjs"), Path.Combine(folder, "test.mjs"), overwrite: true);
        await RunAsync("node", Path.Combine(folder, "test.mjs"), "javascript",
            "creates, reads, lists in pages, and selects", "patches in every way", "watches", "is informed", "runs programs in a container", "forwards a port");
    }

    [Fact]
    public async Task The_python_client_of_debian_lists_watches_creates_patches_and_runs_programs_in_containers()
    {
        if (!File.Exists(Python) || (await Shell.TryAsync(Python, ["-c", "import kubernetes"], Cancellation)).ExitCode != 0)
            Assert.Skip("Debian's python3-kubernetes is missing: scripts/packages.sh test");
        await RunAsync(Python, Path.Combine(Repository.Root, "tests", "clients", "python", "test.py"), "python",
            "creates, reads, lists in pages, and selects", "patches and replaces", "watches", "works with any kind", "runs programs in a container");
    }

    private async Task RunAsync(string interpreter, string program, string @namespace, params string[] sentences)
    {
        await cluster.StartedAsync();
        await cluster.Instance.KubectlAsync("sid", Cancellation, "create", "namespace", @namespace);
        var result = await Shell.TryAsync(interpreter, [program, @namespace, Image], Cancellation,
            environment: new Dictionary<string, string> { ["KUBECONFIG"] = cluster.Instance.KubeConfig, ["NO_PROXY"] = "127.0.0.1" });
        Assert.True(result.ExitCode == 0, $"ended with {result.ExitCode}:\n{result.Text}");
        Assert.All(sentences, s => Assert.Contains($"ok {s}\n", result.Output, StringComparison.Ordinal));
        Assert.EndsWith("done\n", result.Output, StringComparison.Ordinal);
    }
}
