using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;
using Coxswain.ApiServer.Webhooks;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Passes requests on to pods, services and nodes: <c>.../NAME/proxy/PATH</c>, where NAME may be <c>[scheme:]name[:port]</c>.</summary>
internal sealed class ProxyConnections(RegistryTable registries, NodeAddresses nodes, ServiceEndpoints services, AdmissionChain admission, StreamProxy proxy)
{
    /// <exception cref="ApiException">Nothing was answered yet.</exception>
    public async Task HandleAsync(HttpContext context, ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        if (request.Verb.Length == 0 && context.Request.Method != "OPTIONS")
            throw new ApiException(Statuses.MethodNotAllowed());
        var (scheme, name, port) = Parse(scope, request.Name);
        var path = request.Info.Rest.Length > 0 ? request.Info.Rest : request.Query["path"] is { Length: > 0 } asked ? asked : "";
        if (path.Length == 0)
        {
            // Relative links in the page need the slash.
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = request.Info.Path + "/" + request.Query.Without("path");
            return;
        }

        await ConnectOptions.AdmitAsync(admission, scope, request, cancellation);
        var pathAndQuery = Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal) + request.Query.Without("path");
        var target = scope.Descriptor.Plural switch
        {
            "nodes" => await nodes.PortAsync(name, scheme, port.Length == 0 ? null : NumberOf(port, name), pathAndQuery, cancellation),
            "pods" => await PodAsync(request.Namespace, name, scheme, port, pathAndQuery, cancellation),
            _ => await ServiceAsync(request.Namespace, name, scheme, port, pathAndQuery, cancellation),
        };
        if (UpgradeTunnel.IsUpgrade(context))
        {
            await KubeletConnections.TunnelAsync(context, target, cancellation);
            return;
        }

        var prefix = request.Info.Path[..^request.Info.Rest.Length];
        try
        {
            await proxy.RunAsync(context, target, (from, location) => Relocate(from, location, prefix), cancellation);
        }
        catch (HttpRequestException e) when (!context.Response.HasStarted)
        {
            throw new ApiException(Statuses.ServiceUnavailable($"error trying to reach service: {e.Message}"));
        }
    }

    private static (string Scheme, string Name, string Port) Parse(ResourceScope scope, string text)
    {
        var parts = text.Split(':');
        return parts switch
        {
            [var name] => ("", name, ""),
            [var name, var port] => ("", name, port),
            ["http" or "https" or "", var name, var port] => (parts[0], name, port),
            _ => throw new ApiException(Statuses.BadRequest($"invalid {scope.Descriptor.Singular} request {GoText.Quote(text)}")),
        };
    }

    private async ValueTask<UpstreamTarget> PodAsync(
        string @namespace, string name, string scheme, string port, string pathAndQuery, CancellationToken cancellation)
    {
        var pod = (Pod)(await registries.For<Pod>().GetAsync(@namespace, name, cancellation)).Object;
        if (pod.Status.PodIP.Length == 0)
            throw new ApiException(Statuses.BadRequest("address not allowed"));
        var number = port.Length > 0 ? NumberOf(port, name) : FirstPort(pod);
        return new(NodeAddresses.Url(scheme.Length > 0 ? scheme : "http", pod.Status.PodIP, number, pathAndQuery), null, null);
    }

    private async ValueTask<UpstreamTarget> ServiceAsync(
        string @namespace, string name, string scheme, string port, string pathAndQuery, CancellationToken cancellation)
    {
        var (address, chosen) = await services.FindAsync(new(@namespace, name), port, cancellation);
        return new(NodeAddresses.Url(scheme.Length > 0 ? scheme : "http", address, chosen, pathAndQuery), null, null);
    }

    private static int FirstPort(Pod pod)
    {
        foreach (var container in pod.Spec.Containers)
            if (container.Ports.Count > 0)
                return container.Ports[0].ContainerPortValue;
        return 80;
    }

    private static int NumberOf(string port, string name) => int.TryParse(port, out var number) && number is > 0 and < 65536
        ? number
        : throw new ApiException(Statuses.BadRequest($"invalid port {GoText.Quote(port)} for {GoText.Quote(name)}"));

    /// <summary>Redirects within the proxied server stay below the proxy's path.</summary>
    private static string? Relocate(Uri from, string? location, string prefix)
    {
        if (location is null || !Uri.TryCreate(from, location, out var target) || target.Authority != from.Authority)
            return location;
        return prefix + target.PathAndQuery + target.Fragment;
    }
}
