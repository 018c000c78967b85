using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Which names of resources (cpu, memory, example.com/gpu) may stand where, and which amounts they may have.</summary>
internal static class ResourceNames
{
    private const string HugePages = "hugepages-";

    public static bool IsHugePages(string name) => name.StartsWith(HugePages, StringComparison.Ordinal);

    public static bool IsStandardContainer(string name) => name is "cpu" or "memory" or "ephemeral-storage" || IsHugePages(name);

    public static bool IsNative(string name) => !name.Contains('/') || name.Contains("kubernetes.io/", StringComparison.Ordinal);

    /// <summary>A resource that a device plug-in brings: counted in whole numbers, never overcommitted.</summary>
    public static bool IsExtended(string name) =>
        !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal) && ValidationRules.QualifiedName("requests." + name).Count == 0;

    public static bool IsOvercommitAllowed(string name) => IsNative(name) && !IsHugePages(name);

    public static bool IsInteger(string name) => name is "pods" or "resourcequotas" or "services" or "replicationcontrollers" or "secrets"
        or "configmaps" or "persistentvolumeclaims" or "services.nodeports" or "services.loadbalancers" || IsExtended(name);

    public static bool IsStandard(string name) => name is "cpu" or "memory" or "ephemeral-storage" or "requests.cpu" or "requests.memory"
        or "requests.ephemeral-storage" or "limits.cpu" or "limits.memory" or "limits.ephemeral-storage" or "pods" or "resourcequotas"
        or "services" or "replicationcontrollers" or "secrets" or "persistentvolumeclaims" or "configmaps" or "services.nodeports"
        or "services.loadbalancers" or "storage" or "requests.storage"
        || IsHugePages(name) || name.StartsWith("requests." + HugePages, StringComparison.Ordinal);

    public static bool IsStandardQuota(string name) => name is "cpu" or "memory" or "ephemeral-storage" or "requests.cpu" or "requests.memory"
        or "requests.ephemeral-storage" or "requests.storage" or "limits.cpu" or "limits.memory" or "limits.ephemeral-storage" or "pods"
        or "resourcequotas" or "services" or "replicationcontrollers" or "secrets" or "persistentvolumeclaims" or "configmaps"
        or "services.nodeports" or "services.loadbalancers"
        || IsHugePages(name) || name.StartsWith("requests." + HugePages, StringComparison.Ordinal);

    public static void Valid(string name, FieldPath path, FieldErrors errors)
    {
        var before = errors.Count;
        errors.Invalid(path, name, ValidationRules.QualifiedName(name));
        if (errors.Count == before && !name.Contains('/') && !IsStandard(name))
            errors.Invalid(path, name, "must be a standard resource type or fully qualified");
    }

    public static void ValidForContainer(string name, FieldPath path, FieldErrors errors)
    {
        Valid(name, path, errors);
        if (!name.Contains('/'))
        {
            if (!IsStandardContainer(name))
                errors.Invalid(path, name, "must be a standard resource for containers");
        }
        else if (!IsNative(name) && !IsExtended(name))
        {
            errors.Invalid(path, name, "doesn't follow extended resource name standard");
        }
    }

    public static void ValidForQuota(string name, FieldPath path, FieldErrors errors)
    {
        Valid(name, path, errors);
        if (!name.Contains('/') && !IsStandardQuota(name))
            errors.Invalid(path, name, "must be a standard resource for quota");
    }

    /// <summary>No negative amounts, and whole numbers of what is counted.</summary>
    public static void Amount(string name, Quantity value, FieldPath path, FieldErrors errors)
    {
        CommonRules.NonNegative(value, path, errors);
        if (!value.IsWhole && IsInteger(name))
            errors.Invalid(path, value, "must be an integer");
    }
}
