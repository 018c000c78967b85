using Coxswain.Api;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Http;

/// <summary>Paths that the process around the server adds, for members of system:masters.</summary>
internal sealed class AdminPages(IReadOnlyList<AdminPath> paths) : IPathHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, ApiRequest request, CancellationToken cancellation)
    {
        var path = request.Info.Path;
        if (!path.StartsWith(AdminPath.Root, StringComparison.Ordinal))
            return false;
        // Whatever roles say of paths: these reach below the API.
        if (!request.User.IsIn(Users.MastersGroup))
            throw ForbiddenMessage.Exception(request.Attributes, "");
        var known = false;
        foreach (var candidate in paths)
        {
            if (candidate.Path != path)
                continue;
            known = true;
            if (candidate.Method != context.Request.Method)
                continue;
            await candidate.HandleAsync(context, cancellation);
            return true;
        }

        return known ? throw new ApiException(Statuses.MethodNotAllowed()) : false;
    }
}
