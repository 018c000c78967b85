namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The scopes of resource quotas, and which resources they can narrow.</summary>
internal static class QuotaScopes
{
    public static bool IsStandard(string scope) => scope is "Terminating" or "NotTerminating" or "BestEffort" or "NotBestEffort" or "PriorityClass"
        or "CrossNamespacePodAffinity" or "VolumeAttributesClass";

    public static bool Fits(string scope, string resource) => scope switch
    {
        "BestEffort" => resource == "pods",
        "Terminating" or "NotTerminating" or "NotBestEffort" or "PriorityClass" or "CrossNamespacePodAffinity" => resource is "pods" or "cpu" or "memory"
            or "ephemeral-storage" or "requests.cpu" or "requests.memory" or "requests.ephemeral-storage" or "limits.cpu" or "limits.memory"
            or "limits.ephemeral-storage",
        "VolumeAttributesClass" => resource is "persistentvolumeclaims" or "requests.storage",
        _ => true,
    };
}
