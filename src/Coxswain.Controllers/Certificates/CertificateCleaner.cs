using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Certificates.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Deletes certificate requests that nobody will look at any more.</summary>
internal sealed class CertificateCleaner(IApiClient api, Lister<CertificateSigningRequest> requests, TimeProvider clock) : IReconciler
{
    private static readonly TimeSpan Decided = TimeSpan.FromHours(1);
    private static readonly TimeSpan Undecided = TimeSpan.FromHours(24);

    public static IReconciler Make(ControllerContext c) => new CertificateCleaner(c.Api, c.Lister<CertificateSigningRequest>(), c.Clock);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (requests.Find(name) is not { Metadata.DeletionTimestamp: null } csr)
            return ReconcileResult.Done;
        var left = EndOf(csr) - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
            return ReconcileResult.After(left);
        try
        {
            await api.DeleteAsync<CertificateSigningRequest>(name, new() { Preconditions = new() { Uid = csr.Metadata.Uid, ResourceVersion = csr.Metadata.ResourceVersion } }, cancellation)
                .ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
        return ReconcileResult.Done;
    }

    /// <summary>An hour after the decision, a day after the question, and not after the certificate itself has ended.</summary>
    private static DateTimeOffset EndOf(CertificateSigningRequest csr)
    {
        var asked = csr.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue;
        var end = csr.Status.Conditions.Where(c => c.Type is "Approved" or "Denied" or "Failed").Select(c => c.LastUpdateTime ?? asked).DefaultIfEmpty().Max() is var decided
            && decided != default ? decided + Decided : asked + Undecided;
        return ExpiryOf(csr) is { } expiry && expiry < end ? expiry : end;
    }

    private static DateTimeOffset? ExpiryOf(CertificateSigningRequest csr)
    {
        if (csr.Status.Certificate.Length == 0)
            return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(csr.Status.Certificate.Span));
            return certificate.NotAfter.ToUniversalTime();
        }
        catch (CryptographicException)
        {
            return null;    // the other rules will do
        }
    }
}
