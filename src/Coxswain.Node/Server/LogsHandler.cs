using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Microsoft.AspNetCore.Http;

namespace Coxswain.Node.Server;

/// <summary>/containerLogs: the output of a container, of the present instance or the one before.</summary>
internal sealed class LogsHandler(IPodDirectory pods, IContainerRuntime runtime, TimeProvider clock)
{
    public async Task HandleAsync(HttpContext context, string podNamespace, string podName, string containerName, CancellationToken cancellation)
    {
        var options = LogOptions.Parse(context.Request.Query, clock);
        var entry = pods.Find(podNamespace, podName, uid: null)
            ?? throw KubeletApiException.NotFound("pod does not exist\n");
        if (!HasContainer(entry.Pod.Spec, containerName))
            throw KubeletApiException.NotFound($"container \"{containerName}\" not found in pod \"{podName}\"\n");

        var container = entry.FindContainer(containerName, options.Previous)
            ?? throw KubeletApiException.BadRequest(WhyNot(entry, containerName, options.Previous));
        if (!File.Exists(container.LogPath))
            throw KubeletApiException.BadRequest(
                $"failed to try resolving symlinks in path \"{container.LogPath}\": lstat {container.LogPath}: no such file or directory");

        context.Response.ContentType = "text/plain";
        await context.Response.StartAsync(cancellation);
        var reader = new LogReader(container.LogPath, options, context.Response.Body, token => IsRunningAsync(container.Id, token), clock);
        await reader.CopyAsync(cancellation);
    }

    private async Task<bool> IsRunningAsync(string id, CancellationToken cancellation)
    {
        try
        {
            return (await runtime.ContainerStatusAsync(id, cancellation)).State is Runtime.ContainerState.Running or Runtime.ContainerState.Created;
        }
        catch (RuntimeException e) when (e.Code == RuntimeErrorCode.NotFound)
        {
            return false;
        }
    }

    private static bool HasContainer(PodSpec spec, string name) =>
        spec.Containers.Any(c => c.Name == name) || spec.InitContainers.Any(c => c.Name == name) || spec.EphemeralContainers.Any(c => c.Name == name);

    private static string WhyNot(PodEntry entry, string container, bool previous)
    {
        var pod = entry.Pod.Metadata.Name;
        if (previous)
            return $"previous terminated container \"{container}\" in pod \"{pod}\" not found";

        var status = entry.Pod.Status.ContainerStatuses
            .Concat(entry.Pod.Status.InitContainerStatuses)
            .Concat(entry.Pod.Status.EphemeralContainerStatuses)
            .FirstOrDefault(s => s.Name == container);
        return status?.State.Waiting?.Reason switch
        {
            null => $"container \"{container}\" in pod \"{pod}\" is not available",
            "ErrImagePull" => $"container \"{container}\" in pod \"{pod}\" is waiting to start: image can't be pulled",
            "ImagePullBackOff" => $"container \"{container}\" in pod \"{pod}\" is waiting to start: trying and failing to pull image",
            var reason => $"container \"{container}\" in pod \"{pod}\" is waiting to start: {reason}",
        };
    }
}
