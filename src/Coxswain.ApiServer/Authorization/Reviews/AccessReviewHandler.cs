using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Authorization.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Verbs;

namespace Coxswain.ApiServer.Authorization.Reviews;

/// <summary>May somebody do something? SubjectAccessReview, SelfSubjectAccessReview and LocalSubjectAccessReview.</summary>
internal sealed class AccessReviewHandler(IAuthorizer authorizer, AdmissionChain admission) : IVerbHandler
{
    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var options = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var submitted = (IMetadataObject)BodyDecoder.Decode(request, scope.Kind, options.FieldValidation);
        // A local review must name its namespace itself.
        var given = submitted.Metadata;
        submitted = RequestedObject.InNamespace(scope, request, submitted);
        submitted = FieldManagement.Update(scope, null, submitted, options.FieldManager, request.Now);
        var context = scope.AdmissionContext(request, AdmissionOperation.Create, "", options.DryRun);
        submitted = (IMetadataObject)(await admission.MutateAsync(context, submitted, cancellation))!;
        await admission.ValidateAsync(context, submitted, cancellation);

        switch (submitted)
        {
            case SubjectAccessReview review:
                AccessReviewValidation.Check(review, given, scope.Kind);
                return new DocumentResponse(201, review with { Status = await DecideAsync(SubjectOf(review.Spec), review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, cancellation) });
            case LocalSubjectAccessReview review:
                AccessReviewValidation.CheckLocal(review, given, scope.Kind);
                return new DocumentResponse(201, review with { Status = await DecideAsync(SubjectOf(review.Spec), review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, cancellation) });
            case SelfSubjectAccessReview review:
                AccessReviewValidation.CheckSelf(review, given, scope.Kind);
                return new DocumentResponse(201, review with { Status = await DecideAsync(request.User, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, cancellation) });
            default:
                throw new InvalidOperationException($"{scope.Kind} is no access review");
        }
    }

    private static UserInfo SubjectOf(SubjectAccessReviewSpec spec) => new()
    {
        Username = spec.User,
        Uid = spec.Uid,
        Groups = spec.Groups,
        Extra = spec.Extra,
    };

    private async ValueTask<SubjectAccessReviewStatus> DecideAsync(
        UserInfo user, ResourceAttributes? resource, NonResourceAttributes? nonResource, CancellationToken cancellation)
    {
        var attributes = resource is not null
            ? new AuthorizationAttributes
            {
                User = user,
                Verb = resource.Verb,
                IsResourceRequest = true,
                Namespace = resource.Namespace,
                ApiGroup = resource.Group,
                ApiVersion = resource.Version,
                Resource = resource.Resource,
                Subresource = resource.Subresource,
                Name = resource.Name,
            }
            : new AuthorizationAttributes { User = user, Verb = nonResource!.Verb, Path = nonResource.Path };
        var result = await authorizer.AuthorizeAsync(attributes, cancellation);
        return new()
        {
            Allowed = result.Decision == AuthorizationDecision.Allow,
            Denied = result.Decision == AuthorizationDecision.Deny,
            Reason = result.Reason,
            EvaluationError = result.Error,
        };
    }
}

/// <summary>What is wrong with a review.</summary>
internal static class AccessReviewValidation
{
    private static readonly FieldPath Spec = new("spec");

    public static void Check(SubjectAccessReview review, ObjectMeta metadata, GroupVersionKind kind)
    {
        var errors = new FieldErrors();
        CheckAttributes(review, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        CheckSubject(review.Spec, errors);
        CheckMetadata(review, metadata, errors);
        Throw(kind, errors);
    }

    public static void CheckSelf(SelfSubjectAccessReview review, ObjectMeta metadata, GroupVersionKind kind)
    {
        var errors = new FieldErrors();
        CheckAttributes(review, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        CheckMetadata(review, metadata, errors);
        Throw(kind, errors);
    }

    public static void CheckLocal(LocalSubjectAccessReview review, ObjectMeta metadata, GroupVersionKind kind)
    {
        var errors = new FieldErrors();
        CheckAttributes(review, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        CheckSubject(review.Spec, errors);
        CheckMetadata(review, metadata with { Namespace = "" }, errors);
        if (review.Spec.ResourceAttributes is { } resource && resource.Namespace != metadata.Namespace)
            errors.Invalid(Spec.Child("resourceAttributes", "namespace"), resource.Namespace, "must match metadata.namespace");
        if (review.Spec.NonResourceAttributes is not null)
            errors.Invalid(Spec.Child("nonResourceAttributes"), Shown(review, "spec", "nonResourceAttributes"), "disallowed on this kind of request");
        Throw(kind, errors);
    }

    private static void CheckAttributes(IMetadataObject review, ResourceAttributes? resource, NonResourceAttributes? nonResource, FieldErrors errors)
    {
        if (resource is not null && nonResource is not null)
            errors.Invalid(
                Spec.Child("nonResourceAttributes"), Shown(review, "spec", "nonResourceAttributes"), "cannot be specified in combination with resourceAttributes");
        if (resource is null && nonResource is null)
            errors.Invalid(Spec.Child("resourceAttributes"), "null", "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }

    private static void CheckSubject(SubjectAccessReviewSpec spec, FieldErrors errors)
    {
        if (spec.User.Length == 0 && spec.Groups.Count == 0)
            errors.Invalid(Spec.Child("user"), spec.User, "at least one of user or group must be specified");
    }

    private static void CheckMetadata(IMetadataObject review, ObjectMeta metadata, FieldErrors errors)
    {
        if (metadata with { ManagedFields = default } != ObjectMeta.Empty)
            errors.Invalid("metadata", Shown(review, "metadata"), "must be empty");
    }

    private static JsonNode? Shown(IMetadataObject review, params ReadOnlySpan<string> path)
    {
        var node = JsonNode.Parse(CodecTable.Find(review.GroupVersionKind)!.ToJson(review));
        foreach (var name in path)
            node = node?[name];
        return node;
    }

    // Upstream leaves the kind out of this message.
    private static void Throw(GroupVersionKind kind, FieldErrors errors)
    {
        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(kind with { Kind = "" }, "", errors));
    }
}
