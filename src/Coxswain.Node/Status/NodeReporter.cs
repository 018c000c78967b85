using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Node.Runtime;
using Coxswain.Node.Volumes;
using Microsoft.Extensions.Logging;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Status;

/// <summary>Registers the Node and keeps its status true.</summary>
/// <remarks>Writes when something changed, else every few minutes. A Node that somebody deleted is registered again. One loop uses it.</remarks>
internal sealed partial class NodeReporter(
    NodeAgentOptions options, IApiClient api, IContainerRuntime runtime, IVolumeHost host, MachineFacts machine, RuntimeVersion version,
    EventRecorder events, TimeProvider clock, ILogger logger)
{
    private const int MaxConflicts = 5;

    private DateTimeOffset _lastReport;
    private volatile NodeStatus _status = NodeStatus.Empty;
    private volatile RuntimeStatus? _runtimeStatus;

    /// <summary>The status as last made; capacity and allocatable are there from the first observation on.</summary>
    public NodeStatus Status => _status;

    /// <summary>Why pods cannot get a network; null when they can.</summary>
    public string? NetworkProblem => NodeStatusBuilder.NetworkProblem(_runtimeStatus);

    public bool IsReady => NodeStatusBuilder.Find(_status, "Ready")?.Status == "True";

    /// <summary>Creates the Node, or takes over the one there is.</summary>
    public async Task RegisterAsync(CancellationToken cancellation)
    {
        var wanted = await BuildAsync(NodeStatus.Empty, cancellation);
        var name = new NamespacedName("", options.NodeName);
        if (await api.FindAsync<NodeObject>(name, cancellation) is not { } existing)
        {
            try
            {
                existing = await api.CreateAsync(NewNode(wanted), cancellation);
            }
            catch (ApiException race) when (race.Code == 409)
            {
                existing = await api.GetAsync<NodeObject>(name, cancellation);
            }
        }

        var labels = existing.Metadata.Labels;
        foreach (var (key, value) in Labels())
            labels = labels.With(key, value);
        if (labels != existing.Metadata.Labels)
            await api.UpdateAsync(existing with { Metadata = existing.Metadata with { Labels = labels } }, cancellation);
        events.Normal(existing, "Starting", "Starting kubelet.");
    }

    /// <summary>Looks at the node and tells what differs.</summary>
    public async Task ReportAsync(CancellationToken cancellation)
    {
        var name = new NamespacedName("", options.NodeName);
        for (var attempt = 0; ; attempt++)
        {
            if (await api.FindAsync<NodeObject>(name, cancellation) is not { } node)
            {
                await RegisterAsync(cancellation);
                continue;
            }

            var status = await BuildAsync(node.Status, cancellation);
            var now = clock.GetUtcNow();
            if (!NodeStatusBuilder.Differ(status, node.Status) && now - _lastReport < options.NodeStatusReportFrequency)
                return;
            try
            {
                await api.UpdateStatusAsync(node with { Status = status }, cancellation);
                _lastReport = now;
                TellChanges(node, status);
                return;
            }
            catch (ApiException conflict) when (conflict.Code == 409 && attempt < MaxConflicts)
            {
                // Somebody else wrote the Node; look again.
            }
        }
    }

    private async Task<NodeStatus> BuildAsync(NodeStatus old, CancellationToken cancellation)
    {
        IReadOnlyList<Runtime.Image> images = [];
        try
        {
            _runtimeStatus = await runtime.StatusAsync(cancellation);
            images = await runtime.ListImagesAsync(null, cancellation);
        }
        catch (RuntimeException down)
        {
            _runtimeStatus = null;
            LogRuntimeDown(down.Message);
        }

        var nodeFs = host.UseOf(options.RootDirectory);
        var status = NodeStatusBuilder.Build(
            options,
            new()
            {
                Machine = machine,
                Runtime = version,
                RuntimeStatus = _runtimeStatus,
                NodeFs = nodeFs,
                ImageFs = await ImageFsAsync(nodeFs, cancellation),
                MemoryAvailable = MachineFacts.AvailableMemory(),
                Images = images,
            },
            old,
            clock.GetUtcNow());
        _status = status;
        return status;
    }

    private async Task<FileSystemUse> ImageFsAsync(FileSystemUse otherwise, CancellationToken cancellation)
    {
        try
        {
            var info = await runtime.ImageFsInfoAsync(cancellation);
            return info.Count > 0 && Directory.Exists(info[0].Mountpoint) ? host.UseOf(info[0].Mountpoint) : otherwise;
        }
        catch (RuntimeException)
        {
            // The runtime's state is told elsewhere; images most often lie beside the rest.
            return otherwise;
        }
    }

    private NodeObject NewNode(NodeStatus status) => new()
    {
        Metadata = new()
        {
            Name = options.NodeName,
            Labels = Labels().ToApiMap(),
            Annotations = ApiMap.Of("volumes.kubernetes.io/controller-managed-attach-detach", "true"),
        },
        Spec = new()
        {
            PodCIDR = options.PodCidr,
            PodCIDRs = options.PodCidr.Length > 0 ? [options.PodCidr] : default,
            Taints = options.RegisterWithTaints.Select(ParseTaint).ToApiList(),
        },
        Status = status,
    };

    private Dictionary<string, string> Labels()
    {
        var labels = new Dictionary<string, string>(options.NodeLabels, StringComparer.Ordinal)
        {
            ["beta.kubernetes.io/arch"] = machine.Architecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = machine.Architecture,
            ["kubernetes.io/hostname"] = options.NodeName,
            ["kubernetes.io/os"] = "linux",
        };
        return labels;
    }

    // key[=value]:effect
    private static Taint ParseTaint(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0)
            throw new FormatException($"taint \"{text}\" is not key[=value]:effect");
        var key = text[..colon];
        var equals = key.IndexOf('=', StringComparison.Ordinal);
        return new()
        {
            Key = equals < 0 ? key : key[..equals],
            Value = equals < 0 ? "" : key[(equals + 1)..],
            Effect = text[(colon + 1)..],
        };
    }

    private void TellChanges(NodeObject node, NodeStatus status)
    {
        foreach (var condition in status.Conditions)
        {
            if (NodeStatusBuilder.Find(node.Status, condition.Type)?.Status == condition.Status)
                continue;
            var reason = condition switch
            {
                { Type: "Ready", Status: "True" } => "NodeReady",
                { Type: "Ready" } => "NodeNotReady",
                { Type: "MemoryPressure" or "DiskPressure" or "PIDPressure" } => condition.Reason.Replace("Kubelet", "Node", StringComparison.Ordinal),
                _ => null,
            };
            if (reason is not null)
                events.Normal(node, reason, $"Node {options.NodeName} status is now: {reason}");
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the container runtime does not answer: {Why}")]
    private partial void LogRuntimeDown(string why);
}
