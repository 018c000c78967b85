using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Authorization.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Authorization.Reviews;

/// <summary>What may I do here?</summary>
internal sealed class RulesReviewHandler(IAuthorizer authorizer) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var review = (SelfSubjectRulesReview)BodyDecoder.Decode(request, scope.Kind, options.FieldValidation);
        if (review.Spec.Namespace.Length == 0)
            throw new ApiException(Statuses.BadRequest("no namespace on request"));
        var rules = await authorizer.RulesAsync(request.User, review.Spec.Namespace, cancellation);
        return new DocumentResponse(201, review with
        {
            Spec = new(),
            Status = new()
            {
                ResourceRules = [.. rules.Resources],
                NonResourceRules = [.. rules.NonResources],
                Incomplete = rules.Incomplete,
                EvaluationError = rules.Error,
            },
        });
    }
}

/// <summary>Who am I?</summary>
internal sealed class SelfReviewHandler : IVerbHandler
{
    public Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var review = (SelfSubjectReview)BodyDecoder.Decode(request, scope.Kind, options.FieldValidation);
        return Task.FromResult<ApiResponse>(new DocumentResponse(201, review with
        {
            Metadata = review.Metadata with { CreationTimestamp = request.Now },
            Status = new() { UserInfo = request.User },
        }));
    }
}

/// <summary>Whose token is this?</summary>
internal sealed class TokenReviewHandler(RequestAuthenticator authenticator, ApiServerOptions server) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var review = (TokenReview)BodyDecoder.Decode(request, scope.Kind, options.FieldValidation);
        if (review.Spec.Token.Length == 0)
            throw new ApiException(Statuses.BadRequest("token is required for TokenReview in authentication"));
        IReadOnlyCollection<string> audiences = review.Spec.Audiences.Count > 0 ? [.. review.Spec.Audiences] : [.. server.EffectiveAudiences];
        var (user, matched) = await authenticator.AuthenticateTokenAsync(review.Spec.Token, audiences, cancellation);
        return new DocumentResponse(201, review with
        {
            Status = user is null
                ? new() { Error = "invalid bearer token" }
                : new() { Authenticated = true, User = user, Audiences = [.. matched] },
        });
    }
}
