using System.CommandLine;
using System.Net;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>up: starts a cluster on this machine and returns when its node is Ready.</summary>
internal static class UpCommand
{
    public static Command Create(CliContext cli)
    {
        var port = new Option<int>("--secure-port") { Description = "TLS port of the API server; 0: any free one", DefaultValueFactory = _ => 6443 };
        var bind = new Option<string>("--bind-address") { Description = "Address that the API server listens on", DefaultValueFactory = _ => "0.0.0.0" };
        var foreground = new Option<bool>("--foreground") { Description = "Stay in the foreground and log to standard error, for a supervisor such as systemd" };
        var noNode = new Option<bool>("--no-node") { Description = "Control plane only: needs no root and no containerd" };
        var noScheduler = new Option<bool>("--no-scheduler") { Description = "Leave pods unscheduled" };
        var controllers = new Option<string>("--controllers") { Description = "Controllers to run: names, '*' for all, '-name' to leave one out, '-*' for none", DefaultValueFactory = _ => "*" };
        var nodeName = new Option<string?>("--node-name") { Description = "Name of the node; default: the host's name" };
        var nodeAddress = new Option<string?>("--node-ip") { Description = "Address under which pods and other machines reach this one" };
        var kubeletPort = new Option<int>("--kubelet-port") { Description = "TLS port of the node's kubelet API; 0: any free one", DefaultValueFactory = _ => 10250 };
        var services = new Option<string>("--service-cluster-ip-range") { Description = "Addresses for services", DefaultValueFactory = _ => "10.96.0.0/16" };
        var nodePorts = new Option<string>("--service-node-port-range") { Description = "Ports for NodePort services", DefaultValueFactory = _ => "30000-32767" };
        var pods = new Option<string?>("--cluster-cidr") { Description = "Addresses for pods; default: 10.244.0.0/24, or another range for another --data-dir" };
        var domain = new Option<string>("--cluster-domain") { Description = "DNS domain of the cluster", DefaultValueFactory = _ => "cluster.local" };
        var memory = new Option<bool>("--in-memory") { Description = "Keep the cluster's state in memory: nothing survives the process (for tests)" };
        var detached = new Option<bool>("--detached") { Hidden = true };

        var command = new Command("up", "Start a cluster on this machine and return when it is ready")
        {
            port, bind, foreground, noNode, noScheduler, controllers, nodeName, nodeAddress, kubeletPort,
            services, nodePorts, pods, domain, memory, detached,
        };
        var passedOn = ApiServerFlags.AddTo(command);

        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new ClusterOptions
            {
                DataDirectory = parsed.Instance().Root,
                SecurePort = parsed.GetValue(port),
                BindAddress = Address(parsed.GetValue(bind)!, "--bind-address"),
                RunNode = !parsed.GetValue(noNode),
                RunScheduler = !parsed.GetValue(noScheduler),
                Controllers = parsed.GetValue(controllers)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                NodeAddress = parsed.GetValue(nodeAddress) is { } address ? Address(address, "--node-ip") : null,
                KubeletPort = parsed.GetValue(kubeletPort),
                ServiceClusterIPRange = parsed.GetValue(services)!,
                ServiceNodePortRange = parsed.GetValue(nodePorts)!,
                ClusterCidr = parsed.GetValue(pods),
                ClusterDomain = parsed.GetValue(domain)!,
                InMemory = parsed.GetValue(memory),
                ApiServerFlags = passedOn.Read(parsed),
            };
            if (parsed.GetValue(nodeName) is { } name)
                options = options with { NodeName = name };

            if (parsed.GetValue(foreground) || parsed.GetValue(detached))
                return await RunHere(cli, options, parsed.GetValue(detached), cancellation).ConfigureAwait(false);
            return await DetachedUp.StartAsync(cli, options, cancellation).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> RunHere(CliContext cli, ClusterOptions options, bool detached, CancellationToken cancellation)
    {
        var progress = new ProgressLines(cli.Out, cli.Clock);
        if (detached)
            DetachedProcess.LeaveSession();
        await cli.Host.RunAsync(options, progress, () =>
        {
            progress.Ready(options.Directory);
            if (detached)
                DetachedProcess.CloseOutput();
        }, cancellation).ConfigureAwait(false);
        return ExitCode.Success;
    }

    private static IPAddress Address(string text, string option) =>
        IPAddress.TryParse(text, out var address) ? address : throw new LifecycleException($"{option}: {text} is not an IP address");
}
