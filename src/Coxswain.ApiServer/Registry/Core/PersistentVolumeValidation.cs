using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges what a persistent volume is, its own object or inline in a volume attachment.</summary>
internal static class PersistentVolumeValidation
{
    public static void Spec(PersistentVolumeSpec spec, bool inline, FieldPath path, FieldErrors errors)
    {
        if (inline)
        {
            if (spec.ClaimRef is not null)
                errors.Forbidden(path.Child("claimRef"), "may not be specified in the context of inline volumes");
            if (spec.Capacity.Count > 0)
                errors.Forbidden(path.Child("capacity"), "may not be specified in the context of inline volumes");
            if (spec.Csi is null)
                errors.Required(path.Child("csi"), "has to be specified in the context of inline volumes");
        }

        if (spec.AccessModes.Count == 0)
            errors.Required(path.Child("accessModes"));
        ClaimSpecValidation.Modes(spec.AccessModes, path.Child("accessModes"), errors);
        if (!inline)
            Capacity(spec, path.Child("capacity"), errors);
        if (spec.PersistentVolumeReclaimPolicy.Length > 0)
        {
            if (inline && spec.PersistentVolumeReclaimPolicy != "Retain")
                errors.Forbidden(path.Child("persistentVolumeReclaimPolicy"), "may only be Retain in the context of inline volumes");
            else if (!inline)
                CommonRules.OneOf(spec.PersistentVolumeReclaimPolicy, path.Child("persistentVolumeReclaimPolicy"), errors, "Delete", "Recycle", "Retain");
        }

        if (spec.NodeAffinity is { } affinity)
        {
            if (inline)
                errors.Forbidden(path.Child("nodeAffinity"), "may not be specified in the context of inline volumes");
            else if (affinity.Required is null)
                errors.Required(path.Child("nodeAffinity").Child("required"), "must specify required node constraints");
            else
                SchedulingValidation.NodeSelector(affinity.Required, path.Child("nodeAffinity").Child("required"), errors);
        }

        Sources(spec, path, errors);
        if (spec is { HostPath.Path: "/", PersistentVolumeReclaimPolicy: "Recycle" })
            errors.Forbidden(path.Child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'");
        Class(spec, inline, path, errors);
    }

    /// <summary>The spec with nothing but its source, to compare sources by.</summary>
    public static PersistentVolumeSpec SourceOf(PersistentVolumeSpec spec) => spec with
    {
        Capacity = default,
        AccessModes = default,
        ClaimRef = null,
        PersistentVolumeReclaimPolicy = "",
        StorageClassName = "",
        MountOptions = default,
        VolumeMode = null,
        NodeAffinity = null,
        VolumeAttributesClassName = null,
    };

    private static void Class(PersistentVolumeSpec spec, bool inline, FieldPath path, FieldErrors errors)
    {
        if (spec.StorageClassName.Length > 0)
        {
            if (inline)
                errors.Forbidden(path.Child("storageClassName"), "may not be specified in the context of inline volumes");
            else
                errors.Invalid(path.Child("storageClassName"), spec.StorageClassName, ValidationRules.Dns1123Subdomain(spec.StorageClassName));
        }

        if (inline && spec.VolumeMode is not (null or "Filesystem"))
            errors.Forbidden(path.Child("volumeMode"), "may not specify volumeMode other than Filesystem in the context of inline volumes");
        else if (!inline)
            CommonRules.OptionalOneOf(spec.VolumeMode, path.Child("volumeMode"), errors, "Block", "Filesystem");
        if (spec.VolumeAttributesClassName is not { } attributes)
            return;
        if (attributes.Length == 0)
            errors.Required(path.Child("volumeAttributesClassName"), "an empty string is disallowed");
        else
            errors.Invalid(path.Child("volumeAttributesClassName"), attributes, ValidationRules.Dns1123Subdomain(attributes));
        if (spec.Csi is null)
            errors.Required(path.Child("csi"), "has to be specified when using volumeAttributesClassName");
    }

    private static void Capacity(PersistentVolumeSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.Capacity.Count == 0)
            errors.Required(path);
        if (!spec.Capacity.ContainsKey("storage") || spec.Capacity.Count > 1)
            errors.NotSupported(path, spec.Capacity, "storage");
        foreach (var (name, quantity) in CommonRules.Sorted(spec.Capacity))
        {
            if (quantity.Sign < 0)
                errors.Invalid(path.Key(name), quantity.Value, "must be a valid resource quantity");
            if (quantity.Sign <= 0)
                errors.Invalid(path.Key(name), quantity.ToString(), "must be greater than zero");
        }
    }

    private static void Sources(PersistentVolumeSpec spec, FieldPath path, FieldErrors errors)
    {
        var count = 0;
        if (spec.HostPath is { } hostPath && First("hostPath", out var at))
            VolumeSourceRules.HostPath(hostPath, at, errors);
        if (spec.GcePersistentDisk is { } gce && First("gcePersistentDisk", out at))
            VolumeSourceRules.GcePersistentDisk(gce, at, errors);
        if (spec.AwsElasticBlockStore is { } aws && First("awsElasticBlockStore", out at))
            VolumeSourceRules.AwsElasticBlockStore(aws, at, errors);
        if (spec.Glusterfs is { } glusterfs && First("glusterfs", out at))
        {
            VolumeSourceRules.Glusterfs(glusterfs.Endpoints, glusterfs.Path, at, errors);
            if (glusterfs.EndpointsNamespace is { Length: 0 })
                errors.Invalid(at.Child("endpointsNamespace"), "", "if the endpointnamespace is set, it must be a valid namespace name");
        }

        if (spec.Flocker is { } flocker && First("flocker", out at))
            VolumeSourceRules.Flocker(flocker, at, errors);
        if (spec.Nfs is { } nfs && First("nfs", out at))
            VolumeSourceRules.Nfs(nfs, at, errors);
        if (spec.Rbd is { } rbd && First("rbd", out at))
            VolumeSourceRules.Rbd(rbd.Monitors, rbd.Image, at, errors);
        if (spec.Quobyte is { } quobyte && First("quobyte", out at))
            VolumeSourceRules.Quobyte(quobyte, at, errors);
        if (spec.Cephfs is { } cephfs && First("cephFS", out at) && cephfs.Monitors.Count == 0)
            errors.Required(path.Child("cephfs").Child("monitors"));
        if (spec.Iscsi is { } iscsi && First("iscsi", out at))
            VolumeSourceRules.Iscsi(iscsi.TargetPortal, iscsi.Iqn, iscsi.Lun, iscsi.ChapAuthDiscovery || iscsi.ChapAuthSession,
                iscsi.SecretRef is not null, at, errors);
        if (spec.Cinder is { } cinder && First("cinder", out at) && cinder.VolumeID.Length == 0)
            errors.Required(at.Child("volumeID"));
        if (spec.Fc is { } fc && First("fc", out at))
            VolumeSourceRules.FibreChannel(fc, at, errors);
        if (spec.FlexVolume is { } flex && First("flexVolume", out at) && flex.Driver.Length == 0)
            errors.Required(at.Child("driver"));
        if (spec.AzureFile is { } azureFile && First("azureFile", out at))
        {
            if (azureFile.SecretName.Length == 0)
                errors.Required(at.Child("secretName"));
            if (azureFile.ShareName.Length == 0)
                errors.Required(at.Child("shareName"));
        }

        if (spec.VsphereVolume is { } vsphere && First("vsphereVolume", out at) && vsphere.VolumePath.Length == 0)
            errors.Required(at.Child("volumePath"));
        if (spec.PhotonPersistentDisk is { } photon && First("photonPersistentDisk", out at) && photon.PdID.Length == 0)
            errors.Required(at.Child("pdID"));
        if (spec.PortworxVolume is { } portworx && First("portworxVolume", out at) && portworx.VolumeID.Length == 0)
            errors.Required(at.Child("volumeID"));
        if (spec.AzureDisk is { } azureDisk && First("azureDisk", out at))
            VolumeSourceRules.AzureDisk(azureDisk, at, errors);
        if (spec.ScaleIO is { } scaleIO && First("scaleIO", out at) && scaleIO.Gateway.Length == 0)
            errors.Required(at.Child("gateway"));
        if (spec.Local is { } local && First("local", out at))
        {
            if (local.Path.Length == 0)
                errors.Required(at.Child("path"));
            else
                PathRules.NoBacksteps(local.Path, at.Child("path"), errors);
            if (spec.NodeAffinity is null)
                errors.Required(path.Child("nodeAffinity"), "Local volume requires node affinity");
        }

        if (spec.Storageos is { } storageos && First("storageos", out at) && storageos.VolumeName.Length == 0)
            errors.Required(at.Child("volumeName"));
        if (spec.Csi is { } csi && First("csi", out at))
        {
            VolumeSourceRules.CsiDriverName(csi.Driver, at.Child("driver"), errors);
            if (csi.VolumeHandle.Length == 0)
                errors.Required(at.Child("volumeHandle"));
        }

        if (count == 0)
            errors.Required(path, "must specify a volume type");

        bool First(string name, out FieldPath child)
        {
            child = path.Child(name);
            if (count++ == 0)
                return true;
            errors.Forbidden(child, "may not specify more than 1 volume type");
            return false;
        }
    }
}
