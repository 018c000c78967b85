using System.Security.Cryptography;
using Coxswain.Api;
using Coxswain.Api.Certificates.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Signs the certificate requests that are approved.</summary>
internal sealed class CertificateSigningController(IApiClient api, Lister<CertificateSigningRequest> requests, CertificateSigner? signer,
    TimeProvider clock) : IReconciler
{
    internal const string Approved = "Approved";
    internal const string Denied = "Denied";
    internal const string Failed = "Failed";

    public static IReconciler Make(ControllerContext c) => new CertificateSigningController(c.Api, c.Lister<CertificateSigningRequest>(),
        c.Options.Signer is { } authority ? new(authority) : null, c.Clock);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (signer is null || requests.Find(name) is not { Metadata.DeletionTimestamp: null } csr || !CertificateSigner.IsOurs(csr.Spec.SignerName)
            || !Has(csr, Approved) || Has(csr, Denied) || Has(csr, Failed) || csr.Status.Certificate.Length > 0)
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
        if (CertificateSigner.Objection(csr.Spec, request) is { } objection)
            await FailAsync(csr, objection, cancellation).ConfigureAwait(false);
        else
            await api.UpdateStatusAsync(csr with
            {
                Status = csr.Status with { Certificate = ByteString.Copy(signer.Sign(csr.Spec, request, clock.GetUtcNow())) },
            }, cancellation).ConfigureAwait(false);
        return ReconcileResult.Done;
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

    internal static bool Has(CertificateSigningRequest csr, string type) => csr.Status.Conditions.Any(c => c.Type == type && (c.Status is ConditionStatus.True or ""));
}
