using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The sources that both pods and persistent volumes can name.</summary>
internal static class VolumeSourceRules
{
    private static readonly string[] HostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    public static void HostPath(HostPathVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.Path.Length == 0)
        {
            errors.Required(path.Child("path"));
            return;
        }

        PathRules.NoBacksteps(source.Path, path.Child("path"), errors);
        CommonRules.OptionalOneOf(source.Type, path.Child("type"), errors, HostPathTypes);
    }

    public static void GcePersistentDisk(GCEPersistentDiskVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.PdName.Length == 0)
            errors.Required(path.Child("pdName"));
        if (source.Partition is < 0 or > 255)
            errors.Invalid(path.Child("partition"), source.Partition, "must be between 1 and 255, inclusive");
    }

    public static void AwsElasticBlockStore(AWSElasticBlockStoreVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.VolumeID.Length == 0)
            errors.Required(path.Child("volumeID"));
        if (source.Partition is < 0 or > 255)
            errors.Invalid(path.Child("partition"), source.Partition, "must be between 1 and 255, inclusive");
    }

    public static void Nfs(NFSVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.Server.Length == 0)
            errors.Required(path.Child("server"));
        if (source.Path.Length == 0)
            errors.Required(path.Child("path"));
        if (!source.Path.StartsWith('/'))
            errors.Invalid(path.Child("path"), source.Path, "must be an absolute path");
    }

    public static void Iscsi(string portal, string iqn, int lun, bool chap, bool hasSecret, FieldPath path, FieldErrors errors)
    {
        if (portal.Length == 0)
            errors.Required(path.Child("targetPortal"));
        if (iqn.Length == 0)
            errors.Required(path.Child("iqn"));
        else if (!iqn.StartsWith("iqn", StringComparison.Ordinal) && !iqn.StartsWith("eui", StringComparison.Ordinal)
            && !iqn.StartsWith("naa", StringComparison.Ordinal))
            errors.Invalid(path.Child("iqn"), iqn, "must be valid format starting with iqn, eui, or naa");
        if (lun is < 0 or > 255)
            errors.Invalid(path.Child("lun"), lun, "must be between 0 and 255, inclusive");
        if (chap && !hasSecret)
            errors.Required(path.Child("secretRef"));
    }

    public static void Glusterfs(string endpoints, string volumePath, FieldPath path, FieldErrors errors)
    {
        if (endpoints.Length == 0)
            errors.Required(path.Child("endpoints"));
        if (volumePath.Length == 0)
            errors.Required(path.Child("path"));
    }

    public static void Flocker(FlockerVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.DatasetName.Length == 0 && source.DatasetUUID.Length == 0)
            errors.Required(path, "one of datasetName and datasetUUID is required");
        if (source.DatasetName.Length > 0 && source.DatasetUUID.Length > 0)
            errors.Invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        if (source.DatasetName.Contains('/'))
            errors.Invalid(path.Child("datasetName"), source.DatasetName, "must not contain '/'");
    }

    public static void Rbd(ApiList<string> monitors, string image, FieldPath path, FieldErrors errors)
    {
        if (monitors.Count == 0)
            errors.Required(path.Child("monitors"));
        if (image.Length == 0)
            errors.Required(path.Child("image"));
    }

    public static void Quobyte(QuobyteVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.Registry.Length == 0)
            errors.Required(path.Child("registry"), "must be a host:port pair or multiple pairs separated by commas");
        else if (source.Tenant.Length >= 65)
            errors.Required(path.Child("tenant"), "must be a UUID and may not exceed a length of 64 characters");
        else
            foreach (var pair in source.Registry.Split(','))
                if (!pair.Contains(':'))
                {
                    errors.Invalid(path.Child("registry"), source.Registry, "must be a host:port pair or multiple pairs separated by commas");
                    break;
                }

        if (source.Volume.Length == 0)
            errors.Required(path.Child("volume"));
    }

    public static void FibreChannel(FCVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.TargetWWNs.Count == 0 && source.Wwids.Count == 0)
            errors.Required(path.Child("targetWWNs"), "must specify either targetWWNs or wwids, but not both");
        if (source.TargetWWNs.Count > 0 && source.Wwids.Count > 0)
            errors.Invalid(path.Child("targetWWNs"), source.TargetWWNs, "targetWWNs and wwids can not be specified simultaneously");
        if (source.TargetWWNs.Count == 0)
            return;
        if (source.Lun is null)
            errors.Required(path.Child("lun"), "lun is required if targetWWNs is specified");
        else if (source.Lun is < 0 or > 255)
            errors.Invalid(path.Child("lun"), source.Lun, "must be between 0 and 255, inclusive");
    }

    public static void AzureDisk(AzureDiskVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (source.DiskName.Length == 0)
            errors.Required(path.Child("diskName"));
        if (source.DiskURI.Length == 0)
            errors.Required(path.Child("diskURI"));
        CommonRules.OptionalOneOf(source.CachingMode, path.Child("cachingMode"), errors, "None", "ReadOnly", "ReadWrite");
        CommonRules.OptionalOneOf(source.Kind, path.Child("kind"), errors, "Dedicated", "Managed", "Shared");
        if (source.Kind == "Managed" && source.DiskURI.Length > 0 && !source.DiskURI.StartsWith("/subscriptions", StringComparison.OrdinalIgnoreCase))
            errors.NotSupported(path.Child("diskURI"), source.DiskURI,
                "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}");
        if (source.Kind is not null and not "Managed" && source.DiskURI.Length > 0 && !source.DiskURI.StartsWith("https://", StringComparison.Ordinal))
            errors.NotSupported(path.Child("diskURI"), source.DiskURI,
                "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd");
    }

    public static void CsiDriverName(string driver, FieldPath path, FieldErrors errors)
    {
        if (driver.Length == 0)
            errors.Required(path);
        if (driver.Length > 63)
            errors.TooLong(path, 63);
        errors.Invalid(path, driver, ValidationRules.Dns1123Subdomain(driver.ToLowerInvariant()));
    }
}
