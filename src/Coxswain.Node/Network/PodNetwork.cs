using Coxswain.Node.Containerd;
using Coxswain.Node.Host;

namespace Coxswain.Node.Network;

/// <summary>The pod network of an instance: the CNI configuration that containerd reads, and the rules that let pods out.</summary>
public sealed class PodNetwork(NodeInstance instance)
{
    private const string ForwardSwitch = "/proc/sys/net/ipv4/ip_forward";

    private string ConfigFile => Path.Combine(instance.CniConfDir, "10-coxswain.conflist");

    /// <summary>Makes the network what it should be. Harmless when it is so already; containerd notices a changed file by itself.</summary>
    /// <param name="clusterCidr">Addresses of all nodes' pods; of this node's alone where there is but one.</param>
    /// <exception cref="NodePrerequisiteException">The kernel refuses; the message says what.</exception>
    public async Task ApplyAsync(string clusterCidr, CancellationToken cancellation)
    {
        Directory.CreateDirectory(instance.CniConfDir);
        Directory.CreateDirectory(instance.CniDataDir);
        await WriteIfChangedAsync(ConfigFile, CniConfig.Render(instance.CniNetworkName, instance.PodCidr, instance.CniDataDir), cancellation);

        await EnableForwardingAsync(cancellation);
        await ApplyRulesAsync(PodNetworkTable.Render(instance.PodNetworkTable, instance.PodCidr, clusterCidr), cancellation);
    }

    /// <summary>Takes the rules away; the addresses and interfaces went with their pods.</summary>
    public Task RemoveAsync(CancellationToken cancellation) =>
        ApplyRulesAsync(
            PodNetworkTable.RenderRemoval(instance.PodNetworkTable) + PodNetworkTable.RenderRemoval(instance.HostPortTable), cancellation);

    private static async Task EnableForwardingAsync(CancellationToken cancellation)
    {
        if ((await File.ReadAllTextAsync(ForwardSwitch, cancellation)).Trim() == "1")
            return;
        try
        {
            await File.WriteAllTextAsync(ForwardSwitch, "1", cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodePrerequisiteException(
                $"Pods need IP forwarding, which cannot be switched on ({e.Message}); run: sysctl -w net.ipv4.ip_forward=1", e);
        }
    }

    internal static async Task ApplyRulesAsync(string rules, CancellationToken cancellation)
    {
        var result = await HostCommand.RunAsync("nft", ["-f", "-"], rules, cancellation);
        if (!result.Succeeded)
        {
            throw new NodePrerequisiteException(
                $"The kernel refuses the pod network's nftables rules (is nf_tables with NAT enabled?): {result.Complaint}");
        }
    }

    private static async Task WriteIfChangedAsync(string file, string content, CancellationToken cancellation)
    {
        if (File.Exists(file) && await File.ReadAllTextAsync(file, cancellation) == content)
            return;
        // In one step: containerd watches the folder and must not read half a file.
        var temporary = file + ".new";
        await File.WriteAllTextAsync(temporary, content, cancellation);
        File.Move(temporary, file, overwrite: true);
    }
}
