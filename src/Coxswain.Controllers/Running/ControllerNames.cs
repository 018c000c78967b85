namespace Coxswain.Controllers;

/// <summary>Upstream's names of controllers: those that run here, and those that only stand in its configurations.</summary>
internal static class ControllerNames
{
    /// <summary>Controllers of upstream that are not here: naming them changes nothing, so that its configurations can be used as they are.</summary>
    private static readonly string[] Elsewhere =
    [
        "cloud-node-lifecycle-controller", "device-taint-eviction-controller", "kube-apiserver-serving-clustertrustbundle-publisher-controller",
        "legacy-serviceaccount-token-cleaner-controller", "node-route-controller", "podcertificaterequest-cleaner-controller",
        "selinux-warning-controller", "service-lb-controller", "storage-version-migrator-controller", "storageversion-garbage-collector-controller",
        "validatingadmissionpolicy-status-controller",
    ];

    /// <summary>The short names that upstream still takes.</summary>
    private static readonly Dictionary<string, string> Short = new(StringComparer.Ordinal)
    {
        ["attachdetach"] = "persistentvolume-attach-detach-controller",
        ["bootstrapsigner"] = "bootstrap-signer-controller",
        ["cloud-node-lifecycle"] = "cloud-node-lifecycle-controller",
        ["clusterrole-aggregation"] = "clusterrole-aggregation-controller",
        ["cronjob"] = "cronjob-controller",
        ["csrapproving"] = "certificatesigningrequest-approving-controller",
        ["csrcleaner"] = "certificatesigningrequest-cleaner-controller",
        ["csrsigning"] = "certificatesigningrequest-signing-controller",
        ["daemonset"] = "daemonset-controller",
        ["deployment"] = "deployment-controller",
        ["disruption"] = "disruption-controller",
        ["endpoint"] = "endpoints-controller",
        ["endpointslice"] = "endpointslice-controller",
        ["endpointslicemirroring"] = "endpointslice-mirroring-controller",
        ["ephemeral-volume"] = "ephemeral-volume-controller",
        ["garbagecollector"] = "garbage-collector-controller",
        ["horizontalpodautoscaling"] = "horizontal-pod-autoscaler-controller",
        ["job"] = "job-controller",
        ["legacy-service-account-token-cleaner"] = "legacy-serviceaccount-token-cleaner-controller",
        ["namespace"] = "namespace-controller",
        ["nodeipam"] = "node-ipam-controller",
        ["nodelifecycle"] = "node-lifecycle-controller",
        ["persistentvolume-binder"] = "persistentvolume-binder-controller",
        ["persistentvolume-expander"] = "persistentvolume-expander-controller",
        ["podgc"] = "pod-garbage-collector-controller",
        ["pv-protection"] = "persistentvolume-protection-controller",
        ["pvc-protection"] = "persistentvolumeclaim-protection-controller",
        ["replicaset"] = "replicaset-controller",
        ["replicationcontroller"] = "replicationcontroller-controller",
        ["resource-claim-controller"] = "resourceclaim-controller",
        ["resourcequota"] = "resourcequota-controller",
        ["root-ca-cert-publisher"] = "root-ca-certificate-publisher-controller",
        ["route"] = "node-route-controller",
        ["service"] = "service-lb-controller",
        ["serviceaccount"] = "serviceaccount-controller",
        ["serviceaccount-token"] = "serviceaccount-token-controller",
        ["statefulset"] = "statefulset-controller",
        ["storage-version-gc"] = "storageversion-garbage-collector-controller",
        ["storage-version-migrator"] = "storage-version-migrator-controller",
        ["tokencleaner"] = "token-cleaner-controller",
        ["ttl"] = "ttl-controller",
        ["ttl-after-finished"] = "ttl-after-finished-controller",
        ["validatingadmissionpolicy-status"] = "validatingadmissionpolicy-status-controller",
    };

    /// <summary>The controllers that run here, in alphabetical order.</summary>
    public static IReadOnlyList<string> All { get; } = [.. ControllerTable.All.Select(e => e.Name).Order(StringComparer.Ordinal)];

    public static string Canonical(string name) => Short.GetValueOrDefault(name, name);

    public static IEnumerable<string> Problems(IReadOnlyList<string> wanted)
    {
        foreach (var entry in wanted)
        {
            var name = entry.StartsWith('-') ? entry[1..] : entry;
            if (name != "*" && !All.Contains(Canonical(name)) && !Elsewhere.Contains(Canonical(name)))
                yield return $"controllers: \"{name}\" is not in the list of known controllers: {string.Join(", ", All)}";
        }
    }
}
