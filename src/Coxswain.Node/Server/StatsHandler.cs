using System.Globalization;
using System.Text;
using System.Text.Json;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Microsoft.AspNetCore.Http;

namespace Coxswain.Node.Server;

/// <summary>/stats/summary, /metrics and /metrics/resource: what node, pods and containers use.</summary>
internal sealed class StatsHandler(string nodeName, IPodDirectory pods, IContainerRuntime runtime, TimeProvider clock)
{
    private const string NodeKey = "";

    private readonly CpuRates _rates = new();

    private sealed record PodUsage(PodEntry Pod, IReadOnlyList<(PodEntryContainer Container, ContainerStats Stats)> Containers);

    public async Task SummaryAsync(HttpContext context, CancellationToken cancellation)
    {
        var node = await NodeUsage.ReadAsync(clock, cancellation);
        var usage = await ReadAsync(cancellation);
        _rates.Keep(usage.SelectMany(p => p.Containers.Select(c => c.Stats.Id)).Append(NodeKey).ToHashSet());

        context.Response.ContentType = "application/json";
        await using var w = new Utf8JsonWriter(context.Response.BodyWriter);
        w.WriteStartObject();
        w.WriteStartObject("node");
        w.WriteString("nodeName", nodeName);
        w.WriteString("startTime", Time(node.Started));
        WriteCpu(w, node.Time, _rates.Next(NodeKey, node.Time, node.CpuNanoSeconds), node.CpuNanoSeconds);
        w.WriteStartObject("memory");
        w.WriteString("time", Time(node.Time));
        w.WriteNumber("availableBytes", node.MemoryAvailable);
        w.WriteNumber("usageBytes", node.MemoryTotal - node.MemoryFree);
        w.WriteNumber("workingSetBytes", node.WorkingSet);
        w.WriteEndObject();
        w.WriteEndObject();

        w.WriteStartArray("pods");
        foreach (var pod in usage)
            WritePod(w, pod);
        w.WriteEndArray();
        w.WriteEndObject();
        await w.FlushAsync(cancellation);
    }

    public async Task ResourceMetricsAsync(HttpContext context, CancellationToken cancellation)
    {
        var node = await NodeUsage.ReadAsync(clock, cancellation);
        var usage = await ReadAsync(cancellation);
        var text = new StringBuilder();

        Head(text, "container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds");
        foreach (var (pod, container, stats) in Containers(usage))
            Sample(text, "container_cpu_usage_seconds_total", Labels(pod, container), Seconds(stats.CpuUsageCoreNanoSeconds), stats.Timestamp);
        Head(text, "container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes");
        foreach (var (pod, container, stats) in Containers(usage))
            Sample(text, "container_memory_working_set_bytes", Labels(pod, container), stats.MemoryWorkingSetBytes, stats.Timestamp);
        Head(text, "node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds");
        Sample(text, "node_cpu_usage_seconds_total", "", Seconds(node.CpuNanoSeconds), node.Time);
        Head(text, "node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes");
        Sample(text, "node_memory_working_set_bytes", "", node.WorkingSet, node.Time);
        Head(text, "pod_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the pod in core-seconds");
        foreach (var pod in usage.Where(p => p.Containers.Count > 0))
        {
            Sample(text, "pod_cpu_usage_seconds_total", Labels(pod.Pod, null), Seconds(Sum(pod, s => s.CpuUsageCoreNanoSeconds)),
                pod.Containers[0].Stats.Timestamp);
        }
        Head(text, "pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes");
        foreach (var pod in usage.Where(p => p.Containers.Count > 0))
        {
            Sample(text, "pod_memory_working_set_bytes", Labels(pod.Pod, null), Sum(pod, s => s.MemoryWorkingSetBytes),
                pod.Containers[0].Stats.Timestamp);
        }
        Head(text, "scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise");
        text.Append("scrape_error 0\n");
        await WriteTextAsync(context, text, cancellation);
    }

    public async Task MetricsAsync(HttpContext context, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var entries = pods.List();
        Head(text, "kubelet_node_name", "gauge", "The node's name. The count is always 1.");
        text.Append(CultureInfo.InvariantCulture, $"kubelet_node_name{{node=\"{nodeName}\"}} 1\n");
        Head(text, "kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox");
        text.Append(CultureInfo.InvariantCulture, $"kubelet_running_pods {entries.Count(e => e.SandboxId is not null)}\n");
        Head(text, "kubelet_running_containers", "gauge", "Number of containers currently running");
        foreach (var (state, running) in ((string, bool)[])[("exited", false), ("running", true)])
            text.Append(CultureInfo.InvariantCulture,
                $"kubelet_running_containers{{container_state=\"{state}\"}} {entries.Sum(e => e.Containers.Count(c => c.Running == running))}\n");
        Head(text, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
        text.Append(CultureInfo.InvariantCulture, $"process_resident_memory_bytes {Environment.WorkingSet}\n");
        await WriteTextAsync(context, text, cancellation);
    }

    private async Task<IReadOnlyList<PodUsage>> ReadAsync(CancellationToken cancellation)
    {
        var stats = (await runtime.ListContainerStatsAsync(null, cancellation)).ToDictionary(s => s.Id, StringComparer.Ordinal);
        return [.. pods.List().Select(pod => new PodUsage(pod,
            [.. pod.Containers.Where(c => c.Running && stats.ContainsKey(c.Id)).Select(c => (c, stats[c.Id]))]))];
    }

    private void WritePod(Utf8JsonWriter w, PodUsage usage)
    {
        var metadata = usage.Pod.Pod.Metadata;
        w.WriteStartObject();
        w.WriteStartObject("podRef");
        w.WriteString("name", metadata.Name);
        w.WriteString("namespace", metadata.Namespace);
        w.WriteString("uid", metadata.Uid);
        w.WriteEndObject();
        if (usage.Pod.Pod.Status.StartTime is { } started)
            w.WriteString("startTime", Time(started));

        ulong rate = 0;
        w.WriteStartArray("containers");
        foreach (var (container, stats) in usage.Containers)
        {
            var own = _rates.Next(stats.Id, stats.Timestamp, stats.CpuUsageCoreNanoSeconds);
            rate += own;
            w.WriteStartObject();
            w.WriteString("name", container.Name);
            WriteCpu(w, stats.Timestamp, own, stats.CpuUsageCoreNanoSeconds);
            WriteMemory(w, stats.Timestamp, stats.MemoryUsageBytes, stats.MemoryWorkingSetBytes, stats.MemoryRssBytes);
            w.WriteStartObject("rootfs");
            w.WriteString("time", Time(stats.Timestamp));
            w.WriteNumber("usedBytes", stats.WritableLayerUsedBytes);
            w.WriteNumber("inodesUsed", stats.WritableLayerInodesUsed);
            w.WriteEndObject();
            w.WriteEndObject();
        }
        w.WriteEndArray();

        if (usage.Containers.Count > 0)
        {
            var time = usage.Containers[0].Stats.Timestamp;
            WriteCpu(w, time, rate, Sum(usage, s => s.CpuUsageCoreNanoSeconds));
            WriteMemory(w, time, Sum(usage, s => s.MemoryUsageBytes), Sum(usage, s => s.MemoryWorkingSetBytes), Sum(usage, s => s.MemoryRssBytes));
        }
        w.WriteEndObject();
    }

    private static void WriteCpu(Utf8JsonWriter w, DateTimeOffset time, ulong nanoCores, ulong coreNanoSeconds)
    {
        w.WriteStartObject("cpu");
        w.WriteString("time", Time(time));
        w.WriteNumber("usageNanoCores", nanoCores);
        w.WriteNumber("usageCoreNanoSeconds", coreNanoSeconds);
        w.WriteEndObject();
    }

    private static void WriteMemory(Utf8JsonWriter w, DateTimeOffset time, ulong usage, ulong workingSet, ulong rss)
    {
        w.WriteStartObject("memory");
        w.WriteString("time", Time(time));
        w.WriteNumber("usageBytes", usage);
        w.WriteNumber("workingSetBytes", workingSet);
        w.WriteNumber("rssBytes", rss);
        w.WriteEndObject();
    }

    private static IEnumerable<(PodEntry Pod, PodEntryContainer Container, ContainerStats Stats)> Containers(IReadOnlyList<PodUsage> usage) =>
        usage.SelectMany(p => p.Containers.Select(c => (p.Pod, c.Container, c.Stats)));

    private static ulong Sum(PodUsage usage, Func<ContainerStats, ulong> value) =>
        usage.Containers.Aggregate(0UL, (sum, c) => sum + value(c.Stats));

    private static double Seconds(ulong nanoSeconds) => nanoSeconds / 1e9;

    private static string Labels(PodEntry pod, PodEntryContainer? container) =>
        (container is null ? "{" : $"{{container=\"{container.Name}\",")
        + $"namespace=\"{pod.Pod.Metadata.Namespace}\",pod=\"{pod.Pod.Metadata.Name}\"}}";

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static void Sample(StringBuilder text, string name, string labels, double value, DateTimeOffset time) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value:R} {time.ToUnixTimeMilliseconds()}\n");

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Task WriteTextAsync(HttpContext context, StringBuilder text, CancellationToken cancellation)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return context.Response.WriteAsync(text.ToString(), cancellation);
    }
}
