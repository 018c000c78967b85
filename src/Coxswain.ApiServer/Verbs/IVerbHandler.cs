namespace Coxswain.ApiServer.Verbs;

/// <summary>Does what a verb says, for all resources. The request is authorized. Safe for concurrent use.</summary>
internal interface IVerbHandler
{
    /// <exception cref="Api.ApiException">The request is refused.</exception>
    Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation);
}
