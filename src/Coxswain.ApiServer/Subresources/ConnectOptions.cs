using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Subresources;

/// <summary>The wishes in the query of a connection, as the document that admission judges.</summary>
internal static class ConnectOptions
{
    /// <exception cref="ApiException">A plug-in refuses the connection.</exception>
    public static async ValueTask AdmitAsync(AdmissionChain admission, ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var context = scope.AdmissionContext(request, AdmissionOperation.Connect, request.Name, dryRun: false);
        var options = await admission.MutateAsync(context, Of(scope, request.Query, request.Info.Rest), cancellation);
        await admission.ValidateAsync(context, options, cancellation);
    }

    private static IKubernetesObject? Of(ResourceScope scope, QueryParameters query, string rest) => (scope.Descriptor.Plural, scope.SubresourceName) switch
    {
        ("pods", "exec") => new PodExecOptions
        {
            Stdin = query.Flag("stdin"),
            Stdout = query.Flag("stdout"),
            Stderr = query.Flag("stderr"),
            Tty = query.Flag("tty"),
            Container = query["container"],
            Command = [.. query.Values("command")],
        },
        ("pods", "attach") => new PodAttachOptions
        {
            Stdin = query.Flag("stdin"),
            Stdout = query.Flag("stdout"),
            Stderr = query.Flag("stderr"),
            Tty = query.Flag("tty"),
            Container = query["container"],
        },
        ("pods", "portforward") => new PodPortForwardOptions
        {
            Ports = [.. query.Values("ports").Select(p => int.TryParse(p, out var port) ? port : 0)],
        },
        ("pods", "proxy") => new PodProxyOptions { Path = rest.Length > 0 ? rest : query["path"] },
        ("services", "proxy") => new ServiceProxyOptions { Path = rest.Length > 0 ? rest : query["path"] },
        ("nodes", "proxy") => new NodeProxyOptions { Path = rest.Length > 0 ? rest : query["path"] },
        _ => null,
    };
}
