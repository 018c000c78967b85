using Coxswain.ApiServer.Admission.Policies;
using Coxswain.ApiServer.Admission.Webhooks;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;

namespace Coxswain.ApiServer.Admission;

/// <summary>The plug-ins in upstream's order, and which of them are on unless said otherwise. The order is meaning.</summary>
internal static class AdmissionTable
{
    /// <summary>Makes the chain: the default plug-ins, with those named enabled or disabled.</summary>
    /// <exception cref="ArgumentException">A name is unknown, or is in both lists.</exception>
    public static AdmissionChain Create(AdmissionDependencies dependencies, IReadOnlyCollection<string> enabled, IReadOnlyCollection<string> disabled)
    {
        var chain = new List<IAdmissionPlugin>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, byDefault, create) in Entries)
        {
            known.Add(name);
            if (enabled.Contains(name) || (byDefault && !disabled.Contains(name)))
                chain.Add(create(dependencies));
        }

        foreach (var name in enabled)
            if (!known.Contains(name))
                throw new ArgumentException($"enable-admission-plugins plugin \"{name}\" is unknown");
            else if (disabled.Contains(name))
                throw new ArgumentException($"\"{name}\" in enable-admission-plugins and disable-admission-plugins overlapped");
        foreach (var name in disabled)
            if (!known.Contains(name))
                throw new ArgumentException($"disable-admission-plugins plugin \"{name}\" is unknown");
        return new AdmissionChain(chain);
    }

    private static readonly (string Name, bool ByDefault, Func<AdmissionDependencies, IAdmissionPlugin> Create)[] Entries =
    [
        ("NamespaceLifecycle", true, d => new NamespaceLifecycleAdmission(d.Cluster, d.Clock)),
        ("LimitRanger", true, d => new LimitRangerAdmission(d.Cluster)),
        ("ServiceAccount", true, d => new ServiceAccountAdmission(d.Cluster, d.Clock)),
        ("NodeRestriction", false, d => new NodeRestrictionAdmission(d.Cluster)),
        ("TaintNodesByCondition", true, _ => new TaintNodesByConditionAdmission()),
        ("PodSecurity", true, d => new PodSecurityAdmission(d.Cluster)),
        ("Priority", true, d => new PriorityAdmission(d.Cluster)),
        ("DefaultTolerationSeconds", true, _ => new DefaultTolerationSecondsAdmission()),
        ("DefaultStorageClass", true, d => new DefaultStorageClassAdmission(d.Cluster)),
        ("StorageObjectInUseProtection", true, _ => new StorageObjectInUseProtectionAdmission()),
        ("PersistentVolumeClaimResize", true, d => new PersistentVolumeClaimResizeAdmission(d.Cluster)),
        ("RuntimeClass", true, d => new RuntimeClassAdmission(d.Cluster)),
        ("CertificateApproval", true, d => new CertificateApprovalAdmission(d.MayAct)),
        ("CertificateSigning", true, d => new CertificateSigningAdmission(d.MayAct)),
        ("CertificateSubjectRestriction", true, _ => new CertificateSubjectRestrictionAdmission()),
        ("DefaultIngressClass", true, d => new DefaultIngressClassAdmission(d.Cluster)),
        ("MutatingAdmissionPolicy", true, d => new MutatingPolicyAdmission(d.Policies)),
        ("MutatingAdmissionWebhook", true, d => d.Webhooks.Mutating()),
        ("ValidatingAdmissionPolicy", true, d => new ValidatingPolicyAdmission(d.Policies)),
        ("ValidatingAdmissionWebhook", true, d => d.Webhooks.Validating()),
        ("ResourceQuota", true, d => new ResourceQuotaAdmission(d.Cluster, d.Api)),
    ];
}

/// <summary>What plug-ins are made from.</summary>
internal sealed record AdmissionDependencies
{
    /// <summary>Asks webhooks.</summary>
    public required WebhookParts Webhooks { get; init; }

    /// <summary>Evaluates policies.</summary>
    public required PolicyParts Policies { get; init; }

    public required IClusterView Cluster { get; init; }

    public required TimeProvider Clock { get; init; }

    /// <summary>Charges quotas. Called only while requests are served.</summary>
    public required IApiClient Api { get; init; }

    /// <summary>Asks the authorizers.</summary>
    public required MayAct MayAct { get; init; }
}
