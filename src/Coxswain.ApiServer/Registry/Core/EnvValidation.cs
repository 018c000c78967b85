using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges environment variables and where their values come from.</summary>
internal static class EnvValidation
{
    public static readonly string[] EnvFieldPaths =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    public static readonly string[] VolumeFieldPaths = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    private static readonly string[] ContainerResources =
    [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
    ];

    private static readonly string[] MemoryDivisors = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

    public static void Env(ApiList<EnvVar> variables, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < variables.Count; i++)
        {
            var variable = variables[i];
            var at = path.Index(i);
            if (variable.Name.Length == 0)
                errors.Required(at.Child("name"));
            else
                errors.Invalid(at.Child("name"), variable.Name, VariableName(variable.Name));
            if (variable.ValueFrom is not null)
                ValueFrom(variable, variable.ValueFrom, at.Child("valueFrom"), errors);
        }
    }

    public static void EnvFrom(ApiList<EnvFromSource> sources, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < sources.Count; i++)
        {
            var source = sources[i];
            var at = path.Index(i);
            if (source.Prefix.Length > 0)
                errors.Invalid(at.Child("prefix"), source.Prefix, VariableName(source.Prefix));
            if (source.ConfigMapRef is { } configMap)
                RequiredName(configMap.Name, at.Child("configMapRef").Child("name"), errors);
            if (source.SecretRef is { } secret)
                RequiredName(secret.Name, at.Child("secretRef").Child("name"), errors);
            if (source.ConfigMapRef is null && source.SecretRef is null)
                errors.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
            else if (source.ConfigMapRef is not null && source.SecretRef is not null)
                errors.Invalid(path, "", "may not have more than one field specified at a time");
        }
    }

    /// <summary>A reference to a field of the pod.</summary>
    public static void FieldRef(ObjectFieldSelector selector, string[] supported, FieldPath path, FieldErrors errors)
    {
        if (selector.ApiVersion.Length == 0)
        {
            errors.Required(path.Child("apiVersion"));
            return;
        }

        if (selector.FieldPath.Length == 0)
        {
            errors.Required(path.Child("fieldPath"));
            return;
        }

        if (selector.ApiVersion != "v1")
        {
            errors.Invalid(path.Child("fieldPath"), selector.FieldPath, $"error converting fieldPath: unsupported pod version: {selector.ApiVersion}");
            return;
        }

        if (TrySplitSubscript(selector.FieldPath, out var map, out var key))
        {
            switch (map)
            {
                case "metadata.annotations":
                    errors.Invalid(path, key.ToLowerInvariant(), ValidationRules.QualifiedName(key.ToLowerInvariant()));
                    break;
                case "metadata.labels":
                    errors.Invalid(path, key, ValidationRules.QualifiedName(key));
                    break;
                default:
                    errors.Invalid(path.Child("fieldPath"), selector.FieldPath,
                        $"error converting fieldPath: field label does not support subscript: {selector.FieldPath}");
                    break;
            }

            return;
        }

        var field = selector.FieldPath == "spec.host" ? "spec.nodeName" : selector.FieldPath;
        if (!IsPodField(field))
            errors.Invalid(path.Child("fieldPath"), selector.FieldPath, $"error converting fieldPath: field label not supported: {selector.FieldPath}");
        else if (!CommonRules.Contains(supported, field))
            errors.NotSupported(path.Child("fieldPath"), field, supported);
    }

    /// <summary>A reference to a limit or request of a container.</summary>
    public static void ResourceFieldRef(ResourceFieldSelector selector, bool inVolume, FieldPath path, FieldErrors errors)
    {
        if (inVolume && selector.ContainerName.Length == 0)
            errors.Required(path.Child("containerName"));
        else if (selector.Resource.Length == 0)
            errors.Required(path.Child("resource"));
        else if (!CommonRules.Contains(ContainerResources, selector.Resource) && !IsHugePages(selector.Resource))
            errors.NotSupported(path.Child("resource"), selector.Resource, ContainerResources);
        Divisor(selector, path, errors);
    }

    private static void Divisor(ResourceFieldSelector selector, FieldPath path, FieldErrors errors)
    {
        if (selector.Divisor.IsZero)
            return;
        var text = selector.Divisor.ToString();
        if (selector.Resource is "limits.cpu" or "requests.cpu")
        {
            if (text is not ("1m" or "1"))
                errors.Invalid(path.Child("divisor"), selector.Resource, "only divisor's values 1m and 1 are supported with the cpu resource");
            return;
        }

        var what = selector.Resource switch
        {
            "limits.memory" or "requests.memory" => "memory",
            "limits.ephemeral-storage" or "requests.ephemeral-storage" => "local ephemeral storage",
            _ when IsHugePages(selector.Resource) => "hugepages",
            _ => null,
        };
        if (what is not null && !CommonRules.Contains(MemoryDivisors, text))
            errors.Invalid(path.Child("divisor"), selector.Resource,
                $"only divisor's values {string.Join(", ", MemoryDivisors)} are supported with the {what} resource");
    }

    // Since v1.32 nearly every printable name is good; one that is not is described as it always was.
    private static IReadOnlyList<string> VariableName(string name)
    {
        if (ValidationRules.EnvironmentVariableName(name).Count == 0)
            return [];
        return
        [
            ValidationRules.Regex(
                "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
                "[-._a-zA-Z][-._a-zA-Z0-9]*", "my.env-name", "MY_ENV.NAME", "MyEnvName1"),
        ];
    }

    private static void ValueFrom(EnvVar variable, EnvVarSource source, FieldPath path, FieldErrors errors)
    {
        var sources = 0;
        if (source.FieldRef is not null)
        {
            sources++;
            FieldRef(source.FieldRef, EnvFieldPaths, path.Child("fieldRef"), errors);
        }

        if (source.ResourceFieldRef is not null)
        {
            sources++;
            ResourceFieldRef(source.ResourceFieldRef, inVolume: false, path.Child("resourceFieldRef"), errors);
        }

        if (source.ConfigMapKeyRef is not null)
        {
            sources++;
            KeyRef(source.ConfigMapKeyRef.Name, source.ConfigMapKeyRef.Key, path.Child("configMapKeyRef"), errors);
        }

        if (source.SecretKeyRef is not null)
        {
            sources++;
            KeyRef(source.SecretKeyRef.Name, source.SecretKeyRef.Key, path.Child("secretKeyRef"), errors);
        }

        if (source.FileKeyRef is not null)
        {
            sources++;
            FileKeyRef(source.FileKeyRef, path.Child("fileKeyRef"), errors);
        }

        if (sources == 0)
            errors.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        else if (variable.Value.Length > 0)
            errors.Invalid(path, "", "may not be specified when `value` is not empty");
        else if (sources > 1)
            errors.Invalid(path, "", "may not have more than one field specified at a time");
    }

    private static void RequiredName(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
            errors.Required(path);
        else
            errors.Invalid(path, name, NameRules.DnsSubdomain(name, true));
    }

    private static void KeyRef(string name, string key, FieldPath path, FieldErrors errors)
    {
        errors.Invalid(path.Child("name"), name, ValidationRules.Dns1123Subdomain(name));
        if (key.Length == 0)
            errors.Required(path.Child("key"));
        else
            errors.Invalid(path.Child("key"), key, ValidationRules.ConfigMapKey(key));
    }

    private static void FileKeyRef(FileKeySelector selector, FieldPath path, FieldErrors errors)
    {
        if (selector.Key.Length == 0)
            errors.Required(path.Child("key"));
        else
            errors.Invalid(path.Child("key"), selector.Key, ValidationRules.EnvironmentVariableName(selector.Key));
        if (selector.VolumeName.Length == 0)
            errors.Required(path.Child("volumeName"));
        else
            errors.Invalid(path.Child("volumeName"), selector.VolumeName, ValidationRules.Dns1123Label(selector.VolumeName));
        if (selector.Path.Length == 0)
            errors.Required(path.Child("path"));
        else
            PathRules.LocalNonReserved(selector.Path, path.Child("path"), errors);
    }

    private static bool IsHugePages(string resource) =>
        resource.StartsWith("limits.hugepages-", StringComparison.Ordinal) || resource.StartsWith("requests.hugepages-", StringComparison.Ordinal);

    private static bool IsPodField(string field) => field is "metadata.annotations" or "metadata.labels" or "metadata.name" or "metadata.namespace"
        or "metadata.uid" or "spec.nodeName" or "spec.restartPolicy" or "spec.serviceAccountName" or "spec.schedulerName"
        or "status.phase" or "status.hostIP" or "status.hostIPs" or "status.podIP" or "status.podIPs";

    /// <summary>Reads metadata.labels['key'].</summary>
    private static bool TrySplitSubscript(string field, out string map, out string key)
    {
        (map, key) = ("", "");
        if (!field.EndsWith("']", StringComparison.Ordinal))
            return false;
        var open = field.IndexOf("['", StringComparison.Ordinal);
        if (open <= 0 || open + 2 > field.Length - 2)
            return false;
        (map, key) = (field[..open], field[(open + 2)..^2]);
        return true;
    }
}
