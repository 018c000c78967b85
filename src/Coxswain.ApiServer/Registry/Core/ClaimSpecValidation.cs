using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges what a persistent volume claim asks for, its own or that of a template.</summary>
internal static class ClaimSpecValidation
{
    private static readonly string[] AccessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    public static void Validate(PersistentVolumeClaimSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.AccessModes.Count == 0)
            errors.Required(path.Child("accessModes"), "at least 1 access mode is required");
        LabelValidation.Selector(spec.Selector, path.Child("selector"), errors);
        Modes(spec.AccessModes, path.Child("accessModes"), errors);
        if (!spec.Resources.Requests.TryGetValue("storage", out var storage))
            errors.Required(path.Child("resources").Key("storage"));
        else if (storage.Sign <= 0)
            errors.Invalid(path.Child("resources").Key("storage"), storage.ToString(), "must be greater than zero");
        if (!string.IsNullOrEmpty(spec.StorageClassName))
            errors.Invalid(path.Child("storageClassName"), spec.StorageClassName, ValidationRules.Dns1123Subdomain(spec.StorageClassName));
        CommonRules.OptionalOneOf(spec.VolumeMode, path.Child("volumeMode"), errors, "Block", "Filesystem");
        if (spec.DataSource is { } source)
            DataSource(source.ApiGroup, source.Kind, source.Name, path.Child("dataSource"), errors);
        if (spec.DataSourceRef is { } reference)
            DataSource(reference.ApiGroup, reference.Kind, reference.Name, path.Child("dataSourceRef"), errors);
        if (spec.DataSourceRef?.Namespace is { Length: > 0 } elsewhere)
        {
            errors.Invalid(path.Child("dataSourceRef").Child("namespace"), elsewhere, ValidationRules.Dns1123Label(elsewhere));
            if (spec.DataSource is not null)
                errors.Invalid(path, "", "may not be specified when dataSourceRef.namespace is specified");
        }
        else if (spec.DataSource is not null && spec.DataSourceRef is not null
            && (spec.DataSource.ApiGroup != spec.DataSourceRef.ApiGroup || spec.DataSource.Kind != spec.DataSourceRef.Kind
                || spec.DataSource.Name != spec.DataSourceRef.Name))
        {
            errors.Invalid(path, "", "must match dataSourceRef");
        }

        if (!string.IsNullOrEmpty(spec.VolumeAttributesClassName))
            errors.Invalid(path.Child("volumeAttributesClassName"), spec.VolumeAttributesClassName,
                ValidationRules.Dns1123Subdomain(spec.VolumeAttributesClassName));
    }

    public static void Modes(ApiList<string> modes, FieldPath path, FieldErrors errors)
    {
        var (once, others) = (false, false);
        foreach (var mode in modes)
        {
            if (!CommonRules.Contains(AccessModes, mode))
                errors.NotSupported(path, mode, AccessModes);
            else if (mode == "ReadWriteOncePod")
                once = true;
            else
                others = true;
        }

        if (once && others)
            errors.Forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }

    private static void DataSource(string? group, string kind, string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
            errors.Required(path.Child("name"));
        if (kind.Length == 0)
            errors.Required(path.Child("kind"));
        if (string.IsNullOrEmpty(group) && kind != "PersistentVolumeClaim")
            errors.Invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        if (!string.IsNullOrEmpty(group))
            errors.Invalid(path.Child("apiGroup"), group, ValidationRules.Dns1123Subdomain(group));
    }
}
