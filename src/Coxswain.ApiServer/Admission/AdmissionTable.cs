using Coxswain.ApiServer.Admission.Policies;
using Coxswain.ApiServer.Admission.Webhooks;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;

namespace Coxswain.ApiServer.Admission;

/// <summary>The plug-ins in upstream's order, and which of them are on unless said otherwise. The order is meaning.</summary>
internal static class AdmissionTable
{
    /// <summary>The names that can be enabled or disabled: all of those here, and upstream's default ones, which are let stand in its configurations.</summary>
    public static IReadOnlyList<string> Names => [.. Entries.Select(e => e.Name)];

    /// <summary>Plug-ins that upstream has and that are off by default there: whoever enables one relies on it, so it cannot be passed over.</summary>
    private static readonly string[] Elsewhere =
    [
        "EventRateLimit", "ImagePolicyWebhook", "NodeDeclaredFeatureValidator", "OwnerReferencesPermissionEnforcement", "PersistentVolumeLabel",
        "PodNodeSelector", "PodTolerationRestriction",
    ];

    /// <summary>What is wrong with the names of plug-ins, in upstream's words.</summary>
    public static IEnumerable<string> Problems(IReadOnlyCollection<string> enabled, IReadOnlyCollection<string> disabled)
    {
        var known = Names.ToHashSet(StringComparer.Ordinal);
        foreach (var name in enabled)
        {
            if (Elsewhere.Contains(name))
                yield return $"enable-admission-plugins plugin \"{name}\" is not part of Coxswain; known plug-ins are {string.Join(", ", Names)}";
            else if (!known.Contains(name))
                yield return $"enable-admission-plugins plugin \"{name}\" is unknown; known plug-ins are {string.Join(", ", Names)}";
        }

        foreach (var name in disabled)
        {
            if (!known.Contains(name) && !Elsewhere.Contains(name))
                yield return $"disable-admission-plugins plugin \"{name}\" is unknown; known plug-ins are {string.Join(", ", Names)}";
        }

        var both = enabled.Intersect(disabled, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (both.Count > 0)
            yield return $"[{string.Join(' ', both)}] in enable-admission-plugins and disable-admission-plugins overlapped";
    }

    /// <summary>Makes the chain: the default plug-ins, with those named enabled or disabled.</summary>
    /// <exception cref="ArgumentException">A name is unknown, or is in both lists.</exception>
    public static AdmissionChain Create(AdmissionDependencies dependencies, IReadOnlyCollection<string> enabled, IReadOnlyCollection<string> disabled)
    {
        if (Problems(enabled, disabled).FirstOrDefault() is { } problem)
            throw new ArgumentException(problem);
        var chain = new List<IAdmissionPlugin>();
        foreach (var (name, byDefault, create) in Entries)
        {
            if (create is not null && (enabled.Contains(name) || (byDefault && !disabled.Contains(name))))
                chain.Add(create(dependencies));
        }

        return new AdmissionChain(chain);
    }

    /// <remarks>Without a maker: on by default upstream, so that its name stands in configurations, and nothing here needs it yet, for the
    /// resources that it serves have no effect yet.</remarks>
    private static readonly (string Name, bool ByDefault, Func<AdmissionDependencies, IAdmissionPlugin>? Create)[] Entries =
    [
        ("AlwaysAdmit", false, _ => new AlwaysAdmitAdmission()),
        ("NamespaceAutoProvision", false, d => new NamespaceAutoProvisionAdmission(d.Cluster, d.Api)),
        ("NamespaceLifecycle", true, d => new NamespaceLifecycleAdmission(d.Cluster, d.Clock)),
        ("NamespaceExists", false, d => new NamespaceExistsAdmission(d.Cluster)),
        ("LimitPodHardAntiAffinityTopology", false, _ => new LimitPodHardAntiAffinityTopologyAdmission()),
        ("LimitRanger", true, d => new LimitRangerAdmission(d.Cluster)),
        ("ServiceAccount", true, d => new ServiceAccountAdmission(d.Cluster, d.Clock)),
        ("NodeRestriction", false, d => new NodeRestrictionAdmission(d.Cluster)),
        ("TaintNodesByCondition", true, _ => new TaintNodesByConditionAdmission()),
        ("AlwaysPullImages", false, _ => new AlwaysPullImagesAdmission()),
        ("PodSecurity", true, d => new PodSecurityAdmission(d.Cluster)),
        ("Priority", true, d => new PriorityAdmission(d.Cluster)),
        ("DefaultTolerationSeconds", true, _ => new DefaultTolerationSecondsAdmission()),
        ("ExtendedResourceToleration", false, _ => new ExtendedResourceTolerationAdmission()),
        ("DefaultStorageClass", true, d => new DefaultStorageClassAdmission(d.Cluster)),
        ("StorageObjectInUseProtection", true, _ => new StorageObjectInUseProtectionAdmission()),
        ("PersistentVolumeClaimResize", true, d => new PersistentVolumeClaimResizeAdmission(d.Cluster)),
        ("RuntimeClass", true, d => new RuntimeClassAdmission(d.Cluster)),
        ("CertificateApproval", true, d => new CertificateApprovalAdmission(d.MayAct)),
        ("CertificateSigning", true, d => new CertificateSigningAdmission(d.MayAct)),
        ("ClusterTrustBundleAttest", true, null),
        ("CertificateSubjectRestriction", true, _ => new CertificateSubjectRestrictionAdmission()),
        ("DefaultIngressClass", true, d => new DefaultIngressClassAdmission(d.Cluster)),
        ("PodTopologyLabels", true, null),
        ("DenyServiceExternalIPs", false, _ => new DenyServiceExternalIPsAdmission()),
        // After all that changes objects, and before the quota.
        ("MutatingAdmissionPolicy", true, d => new MutatingPolicyAdmission(d.Policies)),
        ("MutatingAdmissionWebhook", true, d => d.Webhooks.Mutating()),
        ("ValidatingAdmissionPolicy", true, d => new ValidatingPolicyAdmission(d.Policies)),
        ("ValidatingAdmissionWebhook", true, d => d.Webhooks.Validating()),
        ("ResourceQuota", true, d => new ResourceQuotaAdmission(d.Cluster, d.Api)),
        ("AlwaysDeny", false, _ => new AlwaysDenyAdmission()),
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
