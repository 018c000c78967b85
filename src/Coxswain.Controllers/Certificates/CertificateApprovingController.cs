using System.Security.Cryptography;
using Coxswain.Api;
using Coxswain.Api.Authorization.V1;
using Coxswain.Api.Certificates.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Approves the requests of kubelets for their own client certificates.</summary>
internal sealed class CertificateApprovingController(IApiClient api, Lister<CertificateSigningRequest> requests, TimeProvider clock) : IReconciler
{
    public static IReconciler Make(ControllerContext c) => new CertificateApprovingController(c.Api, c.Lister<CertificateSigningRequest>(), c.Clock);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (requests.Find(name) is not { Metadata.DeletionTimestamp: null, Spec.SignerName: CertificateSigner.KubeletClientSigner } csr
            || csr.Status.Certificate.Length > 0 || CertificateSigningController.Has(csr, CertificateSigningController.Approved)
            || CertificateSigningController.Has(csr, CertificateSigningController.Denied))
            return ReconcileResult.Done;
        try
        {
            var request = CertificateSigner.Read(csr.Spec.Request.Span);
            if (CertificateSigner.Objection(csr.Spec, request) is null)
                await ApproveAsync(csr, request, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            // Not a request that anybody can approve unseen.
        }
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
                        Type = CertificateSigningController.Approved, Status = ConditionStatus.True, Reason = "AutoApproved", Message = message, LastUpdateTime = now, LastTransitionTime = now,
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
}
