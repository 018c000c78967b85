using Coxswain.Api;
using Coxswain.Api.Certificates.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Certificates;

/// <summary>The rules of certificate signing requests.</summary>
internal sealed class CertificateSigningRequestStrategy : Strategy<CertificateSigningRequest>
{
    private const int MinSeconds = 600;
    private static readonly FieldPath Conditions = Paths.Status.Child("conditions");

    private static readonly string[] Usages =
    [
        "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign", "crl sign",
        "encipher only", "decipher only", "any", "server auth", "client auth", "code signing", "email protection", "s/mime", "ipsec end system",
        "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing", "microsoft sgc", "netscape sgc",
    ];

    private readonly Strategy approval;

    public CertificateSigningRequestStrategy() => approval = new UpdateDoor<CertificateSigningRequest>(this, TakeConditions, ValidateApproval);

    public override IReadOnlyList<string> SelectableFields { get; } = ["spec.signerName"];

    public override Strategy? Subresource(string name) => name == "approval" ? approval : base.Subresource(name);

    protected override NameRule NameRule => NameRules.DnsSubdomain;

    protected override CertificateSigningRequest WithStatusOf(CertificateSigningRequest o, CertificateSigningRequest source) => o with { Status = source.Status };

    // A request speaks for whoever made it.
    protected override CertificateSigningRequest PrepareForCreate(StrategyContext c, CertificateSigningRequest o) => o with
    {
        Spec = o.Spec with
        {
            Username = c.User.Username,
            Uid = c.User.Uid,
            Groups = c.User.Groups,
            Extra = c.User.Extra,
        },
        Status = CertificateSigningRequestStatus.Empty,
    };

    protected override CertificateSigningRequest PrepareForUpdate(StrategyContext c, CertificateSigningRequest updated, CertificateSigningRequest old) =>
        updated with { Spec = old.Spec, Status = old.Status };

    protected override void ValidateObject(StrategyContext c, CertificateSigningRequest o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        if (CertificateRequestReader.TryRead(spec.Request.Span, out var problem) is null)
            errors.Invalid(path.Child("request"), spec.Request.Memory.ToArray(), problem);
        if (spec.Usages.Count == 0)
            errors.Required(path.Child("usages"));
        for (var i = 0; i < spec.Usages.Count; i++)
        {
            if (!CommonRules.Contains(Usages, spec.Usages[i]))
                errors.NotSupported(path.Child("usages").Index(i), spec.Usages[i], Usages);
            for (var j = 0; j < i; j++)
                if (spec.Usages[j] == spec.Usages[i])
                {
                    errors.Duplicate(path.Child("usages").Index(i), spec.Usages[i]);
                    break;
                }
        }

        SignerName(spec.SignerName, path.Child("signerName"), errors);
        if (spec.ExpirationSeconds < MinSeconds)
            errors.Invalid(path.Child("expirationSeconds"), spec.ExpirationSeconds, "may not specify a duration less than 600 seconds (10 minutes)");
        CheckConditions(o, errors);
    }

    protected override void ValidateUpdate(StrategyContext c, CertificateSigningRequest updated, CertificateSigningRequest old, FieldErrors errors) =>
        ValidateMetadataUpdate(updated, old, errors);

    protected override CertificateSigningRequest PrepareForStatusUpdate(StrategyContext c, CertificateSigningRequest updated, CertificateSigningRequest old)
    {
        // Only the door of approval opens these.
        var conditions = new List<CertificateSigningRequestCondition>();
        foreach (var condition in updated.Status.Conditions)
            if (condition.Type is not ("Approved" or "Denied"))
                conditions.Add(Stamped(condition, old, c.Now));
        foreach (var condition in old.Status.Conditions)
            if (condition.Type is "Approved" or "Denied")
                conditions.Add(condition);
        return old with { Metadata = updated.Metadata, Status = updated.Status with { Conditions = Ordered(updated, conditions) } };
    }

    protected override void ValidateStatus(StrategyContext c, CertificateSigningRequest updated, CertificateSigningRequest old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CheckConditions(updated, errors);
        var path = Paths.Status.Child("certificate");
        if (IssuedCertificates.Problem(updated.Status.Certificate.Span) is { } problem)
            errors.Invalid(path, "<certificate data>", problem);
        if (old.Status.Certificate.Length > 0 && updated.Status.Certificate != old.Status.Certificate)
            errors.Forbidden(path, "updates may not modify existing certificate content");
    }

    protected override string? SelectableField(CertificateSigningRequest o, string field) => field == "spec.signerName" ? o.Spec.SignerName : null;

    private static ApiList<CertificateSigningRequestCondition> Ordered(
        CertificateSigningRequest updated, List<CertificateSigningRequestCondition> conditions)
    {
        // In the order of the client, as far as it named them.
        var order = new List<string>();
        foreach (var condition in updated.Status.Conditions)
            order.Add(condition.Type);
        return conditions.OrderBy(condition => order.IndexOf(condition.Type) is var at and >= 0 ? at : int.MaxValue).ToApiList();
    }

    private static CertificateSigningRequest TakeConditions(CertificateSigningRequest updated, CertificateSigningRequest old)
    {
        var conditions = updated.Status.Conditions;
        return old with { Metadata = updated.Metadata, Status = old.Status with { Conditions = conditions } };
    }

    private static void ValidateApproval(CertificateSigningRequest updated, CertificateSigningRequest old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CheckConditions(updated, errors);
        foreach (var condition in old.Status.Conditions)
            if (condition.Type is "Approved" or "Denied" or "Failed" && Find(updated, condition.Type) is null)
                errors.Forbidden(Conditions, $"updates may not remove a condition of type {GoText.Quote(condition.Type)}");
    }

    private static CertificateSigningRequestCondition? Find(CertificateSigningRequest o, string type)
    {
        foreach (var condition in o.Status.Conditions)
            if (condition.Type == type)
                return condition;
        return null;
    }

    private static CertificateSigningRequestCondition Stamped(
        CertificateSigningRequestCondition condition, CertificateSigningRequest old, DateTimeOffset now)
    {
        if (condition.LastUpdateTime is null)
            condition = condition with { LastUpdateTime = now };
        if (condition.LastTransitionTime is not null)
            return condition;
        var before = Find(old, condition.Type);
        return condition with { LastTransitionTime = before?.Status == condition.Status ? before.LastTransitionTime ?? now : now };
    }

    private static void CheckConditions(CertificateSigningRequest o, FieldErrors errors)
    {
        for (var i = 0; i < o.Status.Conditions.Count; i++)
        {
            var (condition, at) = (o.Status.Conditions[i], Conditions.Index(i));
            if (condition.Type.Length == 0)
                errors.Required(at.Child("type"));
            for (var j = 0; j < i; j++)
                if (o.Status.Conditions[j].Type == condition.Type)
                {
                    errors.Duplicate(at.Child("type"), condition.Type);
                    break;
                }

            if (condition.Status.Length == 0)
                errors.Required(at.Child("status"));
            else if (condition.Type is "Approved" or "Denied" or "Failed" && condition.Status != "True")
                errors.NotSupported(at.Child("status"), condition.Status, "True");
        }

        if (Find(o, "Approved") is not null && Find(o, "Denied") is not null)
            errors.Invalid(Conditions, o.Status.Conditions, "Approved and Denied conditions are mutually exclusive");
    }

    private static void SignerName(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        var parts = name.Split('/');
        if (parts.Length != 2)
        {
            errors.Invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }

        if (name == "kubernetes.io/legacy-unknown")
        {
            errors.Invalid(path, name, "kubernetes.io/legacy-unknown is not allowed as a signerName");
            return;
        }

        if (!parts[0].Contains('.'))
            errors.Invalid(path, parts[0], "should be a domain with at least two segments separated by dots");
        foreach (var part in parts[0].Split('.'))
            errors.Invalid(path, parts[0], ValidationRules.Dns1123Label(part));
        foreach (var part in parts[1].Split('.'))
            errors.Invalid(path, parts[1], ValidationRules.Dns1123Subdomain(part));
    }
}
