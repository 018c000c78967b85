using System.Globalization;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Passes logs, exec, attach and port-forward of a pod to the kubelet of its node.</summary>
internal sealed class KubeletConnections(RegistryTable registries, NodeAddresses nodes, AdmissionChain admission, StreamProxy proxy)
{
    /// <exception cref="ApiException">Nothing was answered yet.</exception>
    public async Task HandleAsync(HttpContext context, ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var pod = (Pod)(await registries.For<Pod>().GetAsync(request.Namespace, request.Name, cancellation)).Object;
        var path = scope.SubresourceName switch
        {
            "log" => LogPath(pod, request),
            "exec" => StreamPath("exec", pod, request),
            "attach" => StreamPath("attach", pod, request),
            _ => PortForwardPath(pod, request),
        };
        if (scope.SubresourceName is "exec" or "attach" or "portforward")
            await ConnectOptions.AdmitAsync(admission, scope, request, cancellation);

        var target = await nodes.KubeletAsync(pod.Spec.NodeName, path, cancellation);
        if (scope.SubresourceName == "log")
            await LogAsync(context, target, cancellation);
        else if (scope.SubresourceName is "exec" or "attach" && RemoteCommandBridge.Handles(context))
            await BridgeAsync(context, target, request, cancellation);
        else if (scope.SubresourceName == "portforward" && WebSocketTunnel.Handles(context))
            await AnsweringAsync(context, () => WebSocketTunnel.RunAsync(context, target, cancellation));
        else if (UpgradeTunnel.IsUpgrade(context))
            await TunnelAsync(context, target, cancellation);
        else
            throw new ApiException(Statuses.BadRequest("Upgrade request required"));
    }

    private async Task LogAsync(HttpContext context, UpstreamTarget target, CancellationToken cancellation)
    {
        using var answer = await SendAsync(target, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            throw new ApiException(answer.StatusCode switch
            {
                System.Net.HttpStatusCode.BadRequest => Statuses.BadRequest(text.Trim()),
                System.Net.HttpStatusCode.NotFound => Statuses.NotFound(new("", "pods/log"), text.Trim()),
                _ => Statuses.InternalError(text.Trim()),
            });
        }

        context.Response.ContentType = "text/plain";
        await context.Response.StartAsync(cancellation);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), cancellation);
            await context.Response.Body.FlushAsync(cancellation);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(UpstreamTarget target, CancellationToken cancellation)
    {
        try
        {
            return await proxy.GetAsync(target, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new ApiException(Statuses.InternalError($"Get {GoText.Quote(target.Address.ToString())}: {e.Message}"));
        }
    }

    private static Task BridgeAsync(HttpContext context, UpstreamTarget target, ApiRequest request, CancellationToken cancellation)
    {
        var streams = new CommandStreams(IsOn(request, "stdin"), IsOn(request, "stdout"), IsOn(request, "stderr"), IsOn(request, "tty"));
        return AnsweringAsync(context, () => RemoteCommandBridge.RunAsync(context, target, streams, cancellation));
    }

    internal static Task TunnelAsync(HttpContext context, UpstreamTarget target, CancellationToken cancellation) =>
        AnsweringAsync(context, () => UpgradeTunnel.RunAsync(context, target, cancellation));

    /// <summary>A kubelet that cannot be reached is an answer, too, as long as none was given.</summary>
    private static async Task AnsweringAsync(HttpContext context, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (IOException e) when (!context.Response.HasStarted)
        {
            throw new ApiException(Statuses.InternalError(e.Message));
        }
    }

    private static string LogPath(Pod pod, ApiRequest request)
    {
        var container = ContainerOf(pod, request.Query["container"], "logs");
        var query = new StringBuilder();
        Copy(request, query, "follow", "previous", "timestamps", "sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream");
        return $"/containerLogs/{pod.Metadata.Namespace}/{pod.Metadata.Name}/{container}{query}";
    }

    private static string StreamPath(string verb, Pod pod, ApiRequest request)
    {
        var container = ContainerOf(pod, request.Query["container"], verb);
        if (pod.Status.Phase is "Succeeded" or "Failed")
            throw new ApiException(Statuses.BadRequest(
                $"cannot {verb} {(verb == "exec" ? "in" : "to")} a container in a completed pod; current phase is {pod.Status.Phase}"));
        var query = new StringBuilder();
        Flag(request, query, "stdin", "input");
        Flag(request, query, "stdout", "output");
        Flag(request, query, "stderr", "error");
        Flag(request, query, "tty", "tty");
        foreach (var part in request.Query.Values("command"))
            Add(query, "command", part);
        if (verb == "exec" && !request.Query.Has("command"))
            throw new ApiException(Statuses.BadRequest("you must specify at least 1 command for the container"));
        return $"/{verb}/{pod.Metadata.Namespace}/{pod.Metadata.Name}/{container}{query}";
    }

    private static string PortForwardPath(Pod pod, ApiRequest request)
    {
        var query = new StringBuilder();
        foreach (var port in request.Query.Values("ports"))
            Add(query, "port", port);
        return $"/portForward/{pod.Metadata.Namespace}/{pod.Metadata.Name}{query}";
    }

    /// <exception cref="ApiException">400: the pod has no such container, or several to choose from.</exception>
    private static string ContainerOf(Pod pod, string asked, string verb)
    {
        var names = pod.Spec.Containers.Select(c => c.Name).ToList();
        var initial = pod.Spec.InitContainers.Select(c => c.Name).ToList();
        var ephemeral = pod.Spec.EphemeralContainers.Select(c => c.Name).ToList();
        if (pod.Spec.NodeName.Length == 0)
            throw new ApiException(Statuses.BadRequest($"pod {pod.Metadata.Name} does not have a host assigned"));
        if (asked.Length > 0)
            return names.Contains(asked) || initial.Contains(asked) || ephemeral.Contains(asked)
                ? asked
                : throw new ApiException(Statuses.BadRequest($"container {asked} is not valid for pod {pod.Metadata.Name}"));
        if (names.Count == 1)
            return names[0];
        if (verb != "logs" && pod.Metadata.Annotations.TryGetValue("kubectl.kubernetes.io/default-container", out var preferred) && names.Contains(preferred))
            return preferred;
        var init = initial.Count > 0 ? $" or one of the init containers: [{string.Join(' ', initial)}]" : "";
        throw new ApiException(Statuses.BadRequest(
            $"a container name must be specified for pod {pod.Metadata.Name}, choose one of: [{string.Join(' ', names)}]{init}"));
    }

    private static void Copy(ApiRequest request, StringBuilder query, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (request.Query.Find(name) is { } value)
                Add(query, name, value);
    }

    private static void Flag(ApiRequest request, StringBuilder query, string name, string kubeletName)
    {
        if (IsOn(request, name))
            Add(query, kubeletName, "1");
    }

    /// <summary>Output and errors go out unless said otherwise; input and terminals only when asked for.</summary>
    private static bool IsOn(ApiRequest request, string name) =>
        request.Query.Find(name) is null ? name is "stdout" or "stderr" : request.Query.Flag(name);

    private static void Add(StringBuilder query, string name, string value) =>
        query.Append(CultureInfo.InvariantCulture, $"{(query.Length == 0 ? '?' : '&')}{name}={Uri.EscapeDataString(value)}");
}
