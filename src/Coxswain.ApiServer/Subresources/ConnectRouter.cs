using Coxswain.Api;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Subresources that own their stream: logs, exec, attach, port-forward and proxies. They leave the chain after authorization.</summary>
internal sealed class ConnectRouter(KubeletConnections kubelets, ProxyConnections proxies)
{
    public static bool Handles(ResourceScope scope) => scope.SubresourceName is "log" or "exec" or "attach" or "portforward" or "proxy";

    /// <exception cref="ApiException">Nothing was answered yet.</exception>
    public Task HandleAsync(HttpContext context, ResourceScope scope, ApiRequest request, CancellationToken cancellation) =>
        scope.SubresourceName == "proxy"
            ? proxies.HandleAsync(context, scope, request, cancellation)
            : kubelets.HandleAsync(context, scope, request, cancellation);
}
