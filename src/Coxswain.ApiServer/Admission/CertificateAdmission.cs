using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Certificates.V1;
using Coxswain.ApiServer.Authentication;

namespace Coxswain.ApiServer.Admission;

/// <summary>Whether a user may do something to a named object of a resource.</summary>
public delegate ValueTask<bool> MayAct(UserInfo user, string verb, GroupResource resource, string name, CancellationToken cancellation);

/// <summary>Approving requests takes a permission for their signer.</summary>
internal sealed class CertificateApprovalAdmission(MayAct mayAct) : IAdmissionPlugin
{
    public string Name => "CertificateApproval";

    public bool Handles(AdmissionContext context) =>
        context.IsUpdate && context.Subresource == "approval" && context.IsOf("certificates.k8s.io", "certificatesigningrequests");

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (context.OldObject is CertificateSigningRequest old
            && !await Signers.AllowsAsync(mayAct, context.User, "approve", old.Spec.SignerName, cancellation))
            throw context.Forbidden(o, $"user not permitted to approve requests with signerName {GoText.Quote(old.Spec.SignerName)}");
    }
}

/// <summary>Issuing certificates takes a permission for their signer.</summary>
internal sealed class CertificateSigningAdmission(MayAct mayAct) : IAdmissionPlugin
{
    public string Name => "CertificateSigning";

    public bool Handles(AdmissionContext context) =>
        context.IsUpdate && context.Subresource == "status" && context.IsOf("certificates.k8s.io", "certificatesigningrequests");

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is not CertificateSigningRequest updated || context.OldObject is not CertificateSigningRequest old
            || (updated.Status.Certificate == old.Status.Certificate && updated.Status.Conditions == old.Status.Conditions))
            return;
        if (!await Signers.AllowsAsync(mayAct, context.User, "sign", old.Spec.SignerName, cancellation))
            throw context.Forbidden(o, $"user not permitted to sign requests with signerName {GoText.Quote(old.Spec.SignerName)}");
    }
}

/// <summary>Nobody gets a client certificate of the group that may do everything.</summary>
internal sealed class CertificateSubjectRestrictionAdmission : IAdmissionPlugin
{
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";

    public string Name => "CertificateSubjectRestriction";

    public bool Handles(AdmissionContext context) => context.IsCreate && context.Is("certificates.k8s.io", "certificatesigningrequests");

    public ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        if (o is CertificateSigningRequest { Spec.SignerName: ClientSigner } request
            && Registry.Certificates.CertificateRequestReader.TryReadOrganizations(request.Spec.Request.Span, out var organizations)
            && organizations.Contains(Users.MastersGroup))
            throw context.Forbidden(o, $"use of {ClientSigner} signer with {Users.MastersGroup} group is not allowed");
        return default;
    }
}

/// <summary>Permissions for a signer are held by its name, or for its whole domain.</summary>
internal static class Signers
{
    private static readonly GroupResource Resource = new("certificates.k8s.io", "signers");

    public static async ValueTask<bool> AllowsAsync(MayAct mayAct, UserInfo user, string verb, string signer, CancellationToken cancellation)
    {
        if (await mayAct(user, verb, Resource, signer, cancellation))
            return true;
        var slash = signer.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && await mayAct(user, verb, Resource, string.Concat(signer.AsSpan(0, slash), "/*"), cancellation);
    }
}
