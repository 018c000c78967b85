using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Admission;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Verbs;
using Coxswain.Security;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Issues a token of a service account, bound to a pod, secret or node if asked.</summary>
internal sealed class TokenHandler(RegistryTable registries, AdmissionChain admission, ServiceAccountTokens tokens, ApiServerOptions options) : IVerbHandler
{
    private const long DefaultSeconds = 3600;
    private const long MinSeconds = 600;
    private const long MaxSeconds = 1L << 32;

    /// <summary>Kubelets ask for this time; their tokens live a year so that old clients that never reload go on working, but warn.</summary>
    private const long WarnedSeconds = 3607;
    private const long ExtendedSeconds = 365 * 24 * 3600;

    public async Task<ApiResponse> HandleAsync(ResourceScope scope, ApiRequest request, CancellationToken cancellation)
    {
        var write = WriteOptions.Parse("CreateOptions", request.Query, request.UserAgent);
        var asked = (TokenRequest)BodyDecoder.Decode(request, scope.Kind, write.FieldValidation);
        var account = (ServiceAccount)(await scope.Registry.GetAsync(request.Namespace, request.Name, cancellation)).Object;
        if (asked.Metadata.Name.Length > 0 && asked.Metadata.Name != request.Name)
            throw new ApiException(Statuses.BadRequest($"the name of the object ({asked.Metadata.Name}) does not match the name on the URL ({request.Name})"));
        var spec = asked.Spec with
        {
            Audiences = asked.Spec.Audiences.Count > 0 ? asked.Spec.Audiences : [.. options.EffectiveAudiences],
            ExpirationSeconds = asked.Spec.ExpirationSeconds ?? DefaultSeconds,
        };
        var context = scope.AdmissionContext(request, AdmissionOperation.Create, request.Name, write.DryRun, options: write.ToDocument("create"));
        asked = (TokenRequest)(await admission.MutateAsync(context, asked with { Spec = spec }, cancellation))!;
        spec = asked.Spec;
        Validate(spec, request.Name);
        await admission.ValidateAsync(context, asked, cancellation);
        var limit = (long)options.ServiceAccountMaxTokenExpiration.TotalSeconds;
        if (limit > 0 && spec.ExpirationSeconds > limit)
        {
            request.Warnings.Add($"requested expiration of {spec.ExpirationSeconds} seconds shortened to {limit} seconds");
            spec = spec with { ExpirationSeconds = limit };
        }

        var (pod, secret, node) = await BoundAsync(spec.BoundObjectRef, account, request, cancellation);

        var seconds = spec.ExpirationSeconds!.Value;
        var extends = options.ServiceAccountExtendTokenExpiration && seconds == WarnedSeconds && pod is not null
            && spec.Audiences.Count == 1 && options.EffectiveAudiences.Contains(spec.Audiences[0]);
        var claims = new ServiceAccountClaims
        {
            Issuer = tokens.Issuer,
            Audiences = [.. spec.Audiences],
            Namespace = account.Metadata.Namespace,
            ServiceAccount = new(account.Metadata.Name, account.Metadata.Uid),
            Pod = pod,
            Secret = secret,
            Node = node,
            IssuedAt = request.Now,
            NotBefore = request.Now,
            Expires = request.Now.AddSeconds(extends ? limit > 0 ? Math.Min(ExtendedSeconds, limit) : ExtendedSeconds : seconds),
            WarnAfter = extends ? request.Now.AddSeconds(seconds) : null,
        };
        return new DocumentResponse(201, asked with
        {
            Metadata = asked.Metadata with { Name = account.Metadata.Name, Namespace = account.Metadata.Namespace, CreationTimestamp = request.Now },
            Spec = spec,
            Status = new()
            {
                Token = write.DryRun ? "" : tokens.Issue(claims),
                ExpirationTimestamp = request.Now.AddSeconds(seconds),
            },
        });
    }

    private static void Validate(TokenRequestSpec spec, string name)
    {
        var errors = new FieldErrors();
        var seconds = spec.ExpirationSeconds!.Value;
        if (seconds < MinSeconds)
            errors.Invalid(Paths.Spec.Child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes");
        if (seconds > MaxSeconds)
            errors.Invalid(Paths.Spec.Child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds");
        if (errors.Count > 0)
            throw new ApiException(Statuses.Invalid(new("authentication.k8s.io", "v1", "TokenRequest"), "", errors));
        _ = name;
    }

    private async ValueTask<(ObjectClaim? Pod, ObjectClaim? Secret, ObjectClaim? Node)> BoundAsync(
        BoundObjectReference? reference, ServiceAccount account, ApiRequest request, CancellationToken cancellation)
    {
        if (reference is null)
            return default;
        switch (reference.Kind, reference.ApiVersion)
        {
            case ("Pod", "" or "v1"):
                var pod = (Pod)(await registries.For<Pod>().GetAsync(request.Namespace, reference.Name, cancellation)).Object;
                if (pod.Spec.ServiceAccountName != account.Metadata.Name)
                    throw new ApiException(Statuses.BadRequest(
                        $"cannot bind token for serviceaccount {GoText.Quote(account.Metadata.Name)} to pod running with different serviceaccount name."));
                CheckUid(reference, pod, "Pod");
                return (Claim(pod), null, await NodeOfAsync(pod, cancellation));
            case ("Secret", "" or "v1"):
                var secret = (Secret)(await registries.For<Secret>().GetAsync(request.Namespace, reference.Name, cancellation)).Object;
                CheckUid(reference, secret, "Secret");
                return (null, Claim(secret), null);
            case ("Node", "" or "v1"):
                var node = (Node)(await registries.For<Node>().GetAsync("", reference.Name, cancellation)).Object;
                CheckUid(reference, node, "Node");
                return (null, null, Claim(node));
            default:
                throw new ApiException(Statuses.BadRequest($"cannot bind token to object of type {reference.ApiVersion}, Kind={reference.Kind}"));
        }
    }

    private async ValueTask<ObjectClaim?> NodeOfAsync(Pod pod, CancellationToken cancellation)
    {
        if (pod.Spec.NodeName.Length == 0)
            return null;
        var node = await registries.For<Node>().FindAsync("", pod.Spec.NodeName, cancellation);
        return new(pod.Spec.NodeName, node?.Object.Metadata.Uid ?? "");
    }

    private static ObjectClaim Claim(IMetadataObject value) => new(value.Metadata.Name, value.Metadata.Uid);

    private static void CheckUid(BoundObjectReference reference, IMetadataObject value, string kind)
    {
        if (reference.Uid.Length > 0 && reference.Uid != value.Metadata.Uid)
            throw new ApiException(Statuses.Conflict(new("", kind), reference.Name,
                $"the UID in the bound object reference ({reference.Uid}) does not match the UID in record. The object might have been deleted and then recreated"));
    }
}
