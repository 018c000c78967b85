using Microsoft.AspNetCore.Http;

namespace Coxswain.Node.Server;

/// <summary>The paths of the node's API, each on one line.</summary>
internal sealed class KubeletRoutes(LogsHandler logs, StreamingHandler streaming, StatsHandler stats, PodsHandler pods)
{
    public Task HandleAsync(HttpContext context, CancellationToken cancellation)
    {
        string[] path = (context.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        var method = context.Request.Method;
        return (method, path) switch
        {
            ("GET", ["healthz", ..]) => context.Response.WriteAsync("ok", cancellation),
            ("GET", ["pods"]) => pods.HandleAsync(context, cancellation),
            ("GET", ["containerLogs", var ns, var pod, var container]) => logs.HandleAsync(context, ns, pod, container, cancellation),
            ("GET" or "POST", ["exec", var ns, var pod, var container]) => streaming.ExecAsync(context, ns, pod, null, container, cancellation),
            ("GET" or "POST", ["exec", var ns, var pod, var uid, var container]) =>
                streaming.ExecAsync(context, ns, pod, uid, container, cancellation),
            ("GET" or "POST", ["attach", var ns, var pod, var container]) => streaming.AttachAsync(context, ns, pod, null, container, cancellation),
            ("GET" or "POST", ["attach", var ns, var pod, var uid, var container]) =>
                streaming.AttachAsync(context, ns, pod, uid, container, cancellation),
            ("GET" or "POST", ["portForward", var ns, var pod]) => streaming.PortForwardAsync(context, ns, pod, null, cancellation),
            ("GET" or "POST", ["portForward", var ns, var pod, var uid]) => streaming.PortForwardAsync(context, ns, pod, uid, cancellation),
            ("POST", ["run", var ns, var pod, var container]) => streaming.RunAsync(context, ns, pod, null, container, cancellation),
            ("POST", ["run", var ns, var pod, var uid, var container]) => streaming.RunAsync(context, ns, pod, uid, container, cancellation),
            ("GET", ["stats", "summary"]) => stats.SummaryAsync(context, cancellation),
            ("GET", ["metrics"]) => stats.MetricsAsync(context, cancellation),
            ("GET", ["metrics", "resource"]) => stats.ResourceMetricsAsync(context, cancellation),
            _ => throw KubeletApiException.NotFound("404 page not found"),
        };
    }
}
