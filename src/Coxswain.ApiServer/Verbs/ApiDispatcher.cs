using Coxswain.Api;
using Coxswain.ApiServer.Authorization;
using Coxswain.ApiServer.Datastore;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Verbs;

/// <summary>The chain that every request takes after its sender is known: may he, is there such a thing, who does it.</summary>
internal sealed class ApiDispatcher(IAuthorizer authorizer, ScopeResolver resolver, VerbTable verbs)
{
    /// <exception cref="ApiException">403.</exception>
    public async ValueTask AuthorizeAsync(ApiRequest request, CancellationToken cancellation)
    {
        var result = await authorizer.AuthorizeAsync(request.Attributes, cancellation);
        if (result.Decision != AuthorizationDecision.Allow)
            throw ForbiddenMessage.Exception(request.Attributes, result.Reason);
    }

    /// <exception cref="ApiException">404, 405.</exception>
    public ResourceScope Resolve(ApiRequest request) => resolver.Resolve(request.Info);

    /// <summary>Completes when it is known whether the resource of a request is served: at once for what is built in.</summary>
    public ValueTask ReadyAsync(ApiRequest request, CancellationToken cancellation) => resolver.ReadyAsync(request.Info, cancellation);

    public Task<ApiResponse> ExecuteAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        if (scope.Registry.Warning.Length > 0)
            request.Warnings.Add(scope.Registry.Warning);
        return verbs.For(scope, request).HandleAsync(scope, request, cancellation);
    }

    /// <summary>All three steps, for callers in this process.</summary>
    public async Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancellation)
    {
        try
        {
            await AuthorizeAsync(request, cancellation);
            await ReadyAsync(request, cancellation);
            return await ExecuteAsync(Resolve(request), request, cancellation);
        }
        catch (StoreUnavailableException lost)
        {
            throw new ApiException(Unavailable.Status(lost));
        }
    }
}
