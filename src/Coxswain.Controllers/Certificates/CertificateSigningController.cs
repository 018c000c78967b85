using System.Security.Cryptography;
using Coxswain.Api;
using Coxswain.Api.Authorization.V1;
using Coxswain.Api.Certificates.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Approves the requests of kubelets for their own client certificates, and signs what is approved.</summary>
internal sealed class CertificateSigningController(IApiClient api, Lister<CertificateSigningRequest> requests, CertificateSigner? signer,
    TimeProvider clock) : IReconciler
{
    private const string Approved = "Approved";
    private const string Denied = "Denied";
    private const string Failed = "Failed";

    public static IReconciler Make(ControllerContext c) => new CertificateSigningController(c.Api, c.Lister<CertificateSigningRequest>(),
        c.Options.Signer is { } authority ? new(authority) : null, c.Clock);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (signer is null || requests.Find(name) is not { Metadata.DeletionTimestamp: null } csr || !CertificateSigner.IsOurs(csr.Spec.SignerName)
            || Has(csr, Denied) || Has(csr, Failed) || csr.Status.Certificate.Length > 0)
            return ReconcileResult.Done;
        System.Security.Cryptography.X509Certificates.CertificateRequest request;
        try
        {
            request = CertificateSigner.Read(csr.Spec.Request.Span);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            await FailAsync(csr, "the request cannot be read: " + error.Message, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        var objection = CertificateSigner.Objection(csr.Spec, request);
        if (!Has(csr, Approved))
        {
            if (objection is null && csr.Spec.SignerName == CertificateSigner.KubeletClientSigner)
                await ApproveAsync(csr, request, cancellation).ConfigureAwait(false);
            return ReconcileResult.Done;
        }
        if (objection is not null)
            await FailAsync(csr, objection, cancellation).ConfigureAwait(false);
        else
            await api.UpdateStatusAsync(csr with
            {
                Status = csr.Status with { Certificate = ByteString.Copy(signer.Sign(csr.Spec, request, clock.GetUtcNow())) },
            }, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    /// <summary>A kubelet may renew its own certificate; who asks for a node's first must be allowed to by name.</summary>
    private async Task ApproveAsync(CertificateSigningRequest csr, System.Security.Cryptography.X509Certificates.CertificateRequest request,
        CancellationToken cancellation)
    {
        var isOwn = request.SubjectName.Name.Contains("CN=" + csr.Spec.Username, StringComparison.Ordinal);
        foreach (var (permission, message) in ((string, string)[])
            [("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."),
                ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.")])
        {
            if (permission == "selfnodeclient" && !isOwn || !await IsAllowedAsync(csr, permission, cancellation).ConfigureAwait(false))
                continue;
            var now = clock.GetUtcNow();
            await api.UpdateSubresourceAsync<CertificateSigningRequest, CertificateSigningRequest, CertificateSigningRequest>(csr.FullName(), "approval", csr with
            {
                Status = csr.Status with
                {
                    Conditions = csr.Status.Conditions.Add(new()
                    {
                        Type = Approved, Status = ConditionStatus.True, Reason = "AutoApproved", Message = message, LastUpdateTime = now, LastTransitionTime = now,
                    }),
                },
            }, cancellation).ConfigureAwait(false);
            return;
        }
    }

    private async Task<bool> IsAllowedAsync(CertificateSigningRequest csr, string subresource, CancellationToken cancellation)
    {
        var review = await api.CreateAsync(new SubjectAccessReview
        {
            Spec = new()
            {
                User = csr.Spec.Username,
                Uid = csr.Spec.Uid,
                Groups = csr.Spec.Groups,
                Extra = csr.Spec.Extra,
                ResourceAttributes = new()
                {
                    Group = "certificates.k8s.io", Version = "*", Resource = "certificatesigningrequests", Subresource = subresource, Verb = "create",
                },
            },
        }, cancellation).ConfigureAwait(false);
        return review.Status.Allowed;
    }

    private Task FailAsync(CertificateSigningRequest csr, string why, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        return api.UpdateStatusAsync(csr with
        {
            Status = csr.Status with
            {
                Conditions = csr.Status.Conditions.Add(new()
                {
                    Type = Failed, Status = ConditionStatus.True, Reason = "SignerValidationFailure", Message = why, LastUpdateTime = now, LastTransitionTime = now,
                }),
            },
        }, cancellation);
    }

    private static bool Has(CertificateSigningRequest csr, string type) => csr.Status.Conditions.Any(c => c.Type == type && (c.Status is ConditionStatus.True or ""));
}
