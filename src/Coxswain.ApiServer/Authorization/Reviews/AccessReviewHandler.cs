using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Authorization.V1;
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
        submitted = RequestedObject.InNamespace(scope, request, submitted);
        var given = submitted.Metadata;
        submitted = FieldManagement.Update(scope, null, submitted, options.FieldManager, request.Now);
        var context = scope.AdmissionContext(request, AdmissionOperation.Create, "", options.DryRun);
        submitted = (IMetadataObject)(await admission.MutateAsync(context, submitted, cancellation))!;
        await admission.ValidateAsync(context, submitted, cancellation);

        switch (submitted)
        {
            case SubjectAccessReview review:
                AccessReviewValidation.Check(review.Spec, given, "", scope.Kind);
                return new DocumentResponse(201, review with { Status = await DecideAsync(SubjectOf(review.Spec), review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, cancellation) });
            case LocalSubjectAccessReview review:
                AccessReviewValidation.CheckLocal(review, request.Namespace, given, scope.Kind);
                return new DocumentResponse(201, review with { Status = await DecideAsync(SubjectOf(review.Spec), review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, cancellation) });
            case SelfSubjectAccessReview review:
                AccessReviewValidation.CheckSelf(review.Spec, given, scope.Kind);
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

    public static void Check(SubjectAccessReviewSpec spec, Api.Meta.V1.ObjectMeta metadata, string @namespace, GroupVersionKind kind)
    {
        var errors = new FieldErrors();
        CheckAttributes(spec.ResourceAttributes, spec.NonResourceAttributes, errors);
        if (spec.User.Length == 0 && spec.Groups.Count == 0)
            errors.Invalid(Spec.Child("user"), spec.User, "at least one of user or group must be specified");
        CheckMetadata(metadata, @namespace, errors);
        Throw(kind, errors);
    }

    public static void CheckSelf(SelfSubjectAccessReviewSpec spec, Api.Meta.V1.ObjectMeta metadata, GroupVersionKind kind)
    {
        var errors = new FieldErrors();
        CheckAttributes(spec.ResourceAttributes, spec.NonResourceAttributes, errors);
        CheckMetadata(metadata, "", errors);
        Throw(kind, errors);
    }

    public static void CheckLocal(LocalSubjectAccessReview review, string @namespace, Api.Meta.V1.ObjectMeta metadata, GroupVersionKind kind)
    {
        var errors = new FieldErrors();
        CheckAttributes(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        if (review.Spec.User.Length == 0 && review.Spec.Groups.Count == 0)
            errors.Invalid(Spec.Child("user"), review.Spec.User, "at least one of user or group must be specified");
        CheckMetadata(metadata, @namespace, errors);
        if (review.Spec.ResourceAttributes is { } resource && resource.Namespace != metadata.Namespace)
            errors.Invalid(Spec.Child("resourceAttributes", "namespace"), resource.Namespace, "must match metadata.namespace");
        if (review.Spec.NonResourceAttributes is { } nonResource)
            errors.Invalid(Spec.Child("nonResourceAttributes"), nonResource, "disallowed on this kind of request");
        Throw(kind, errors);
    }

    private static void CheckAttributes(ResourceAttributes? resource, NonResourceAttributes? nonResource, FieldErrors errors)
    {
        if (resource is not null && nonResource is not null)
            errors.Invalid(Spec.Child("nonResourceAttributes"), nonResource, "cannot be specified in combination with resourceAttributes");
        if (resource is null && nonResource is null)
            errors.Invalid(Spec.Child("resourceAttributes"), "null", "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }

    private static void CheckMetadata(Api.Meta.V1.ObjectMeta metadata, string @namespace, FieldErrors errors)
    {
        if (metadata with { ManagedFields = default, Namespace = "" } != Api.Meta.V1.ObjectMeta.Empty || (metadata.Namespace.Length > 0 && metadata.Namespace != @namespace))
            errors.Invalid("metadata", metadata, @namespace.Length > 0 ? "must be empty except for namespace" : "must be empty");
    }

    // Upstream leaves the kind out of this message.
    private static void Throw(GroupVersionKind kind, FieldErrors errors)
    {
        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(kind with { Kind = "" }, "", errors));
    }
}
