using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges the volumes of a pod. Those that stand up are collected, so that mounts can be held against them.</summary>
internal static class VolumeValidation
{
    private const long MinTokenSeconds = 10 * 60;
    private const long MaxTokenSeconds = 1L << 32;

    public static Dictionary<string, Volume>? Validate(ApiList<Volume> volumes, ObjectMeta? pod, FieldPath path, FieldErrors errors)
    {
        if (volumes.Count == 0)
            return null;
        var valid = new Dictionary<string, Volume>(volumes.Count, StringComparer.Ordinal);
        for (var i = 0; i < volumes.Count; i++)
        {
            var volume = volumes[i];
            var at = path.Index(i);
            var before = errors.Count;
            new SourceCheck(at, errors).Check(volume, pod);
            if (volume.Name.Length == 0)
                errors.Required(at.Child("name"));
            else
                errors.Invalid(at.Child("name"), volume.Name, ValidationRules.Dns1123Label(volume.Name));
            if (valid.ContainsKey(volume.Name))
                errors.Duplicate(at.Child("name"), volume.Name);
            if (errors.Count == before)
                valid.Add(volume.Name, volume);
        }

        return valid;
    }

    /// <summary>One source must be set, and only the first that is set is looked into.</summary>
    private ref struct SourceCheck(FieldPath path, FieldErrors errors)
    {
        private readonly FieldPath path = path;
        private readonly FieldErrors errors = errors;
        private int sources;

        public void Check(Volume volume, ObjectMeta? pod)
        {
            if (volume.EmptyDir is { } emptyDir && First("emptyDir", out var at) && emptyDir.SizeLimit is { Sign: < 0 })
                errors.Forbidden(at.Child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
            if (volume.HostPath is { } hostPath && First("hostPath", out at))
                VolumeSourceRules.HostPath(hostPath, at, errors);
            if (volume.GitRepo is { } gitRepo && First("gitRepo", out at))
                GitRepo(gitRepo, at);
            if (volume.GcePersistentDisk is { } gce && First("gcePersistentDisk", out at))
                VolumeSourceRules.GcePersistentDisk(gce, at, errors);
            if (volume.AwsElasticBlockStore is { } aws && First("awsElasticBlockStore", out at))
                VolumeSourceRules.AwsElasticBlockStore(aws, at, errors);
            if (volume.Secret is { } secret && First("secret", out at))
                Secret(secret, at);
            if (volume.Nfs is { } nfs && First("nfs", out at))
                VolumeSourceRules.Nfs(nfs, at, errors);
            if (volume.Iscsi is { } iscsi && First("iscsi", out at))
                VolumeSourceRules.Iscsi(iscsi.TargetPortal, iscsi.Iqn, iscsi.Lun, iscsi.ChapAuthDiscovery || iscsi.ChapAuthSession,
                    iscsi.SecretRef is not null, at, errors);
            if (volume.Glusterfs is { } glusterfs && First("glusterfs", out at))
                VolumeSourceRules.Glusterfs(glusterfs.Endpoints, glusterfs.Path, at, errors);
            if (volume.Flocker is { } flocker && First("flocker", out at))
                VolumeSourceRules.Flocker(flocker, at, errors);
            if (volume.PersistentVolumeClaim is { } claim && First("persistentVolumeClaim", out at) && claim.ClaimName.Length == 0)
                errors.Required(at.Child("claimName"));
            if (volume.Rbd is { } rbd && First("rbd", out at))
                VolumeSourceRules.Rbd(rbd.Monitors, rbd.Image, at, errors);
            if (volume.Cinder is { } cinder && First("cinder", out at))
            {
                if (cinder.VolumeID.Length == 0)
                    errors.Required(at.Child("volumeID"));
                if (cinder.SecretRef is { Name.Length: 0 })
                    errors.Required(at.Child("secretRef").Child("name"));
            }

            if (volume.Cephfs is { } cephfs && First("cephfs", out at) && cephfs.Monitors.Count == 0)
                errors.Required(at.Child("monitors"));
            if (volume.Quobyte is { } quobyte && First("quobyte", out at))
                VolumeSourceRules.Quobyte(quobyte, at, errors);
            if (volume.DownwardAPI is { } downward && First("downwardAPI", out at))
            {
                PathRules.Mode(downward.DefaultMode, at.Child("defaultMode"), errors);
                foreach (var file in downward.Items)
                    DownwardFile(file, at);
            }

            if (volume.Fc is { } fc && First("fc", out at))
                VolumeSourceRules.FibreChannel(fc, at, errors);
            if (volume.FlexVolume is { } flex && First("flexVolume", out at) && flex.Driver.Length == 0)
                errors.Required(at.Child("driver"));
            if (volume.AzureFile is { } azureFile && First("azureFile", out at))
            {
                if (azureFile.SecretName.Length == 0)
                    errors.Required(at.Child("secretName"));
                if (azureFile.ShareName.Length == 0)
                    errors.Required(at.Child("shareName"));
            }

            if (volume.ConfigMap is { } configMap && First("configMap", out at))
                ConfigMap(configMap, at);
            if (volume.VsphereVolume is { } vsphere && First("vsphereVolume", out at) && vsphere.VolumePath.Length == 0)
                errors.Required(at.Child("volumePath"));
            if (volume.PhotonPersistentDisk is { } photon && First("photonPersistentDisk", out at) && photon.PdID.Length == 0)
                errors.Required(at.Child("pdID"));
            if (volume.PortworxVolume is { } portworx && First("portworxVolume", out at) && portworx.VolumeID.Length == 0)
                errors.Required(at.Child("volumeID"));
            if (volume.AzureDisk is { } azureDisk && First("azureDisk", out at))
                VolumeSourceRules.AzureDisk(azureDisk, at, errors);
            if (volume.Storageos is { } storageos && First("storageos", out at))
                StorageOs(storageos, at);
            if (volume.Projected is { } projected && First("projected", out at))
                Projected(projected, at);
            if (volume.ScaleIO is { } scaleIO && First("scaleIO", out at))
            {
                if (scaleIO.Gateway.Length == 0)
                    errors.Required(at.Child("gateway"));
                if (scaleIO.System.Length == 0)
                    errors.Required(at.Child("system"));
                if (scaleIO.VolumeName.Length == 0)
                    errors.Required(at.Child("volumeName"));
            }

            if (volume.Csi is { } csi && First("csi", out at))
            {
                VolumeSourceRules.CsiDriverName(csi.Driver, at.Child("driver"), errors);
                if (csi.NodePublishSecretRef is { Name.Length: 0 })
                    errors.Required(at.Child("nodePublishSecretRef").Child("name"));
            }

            if (volume.Ephemeral is { } ephemeral && First("ephemeral", out at))
                Ephemeral(ephemeral, volume.Name, pod, at);
            if (volume.Image is { } image && First("image", out at))
            {
                // A template may leave it to its pods.
                if (pod is not null && image.Reference.Length == 0)
                    errors.Required(at.Child("reference"));
                CommonRules.OneOf(image.PullPolicy, at.Child("pullPolicy"), errors, "Always", "IfNotPresent", "Never");
            }

            if (sources == 0)
                errors.Required(path, "must specify a volume type");
        }

        private bool First(string name, out FieldPath at)
        {
            at = path.Child(name);
            if (sources++ == 0)
                return true;
            errors.Forbidden(at, "may not specify more than 1 volume type");
            return false;
        }

        private readonly void GitRepo(GitRepoVolumeSource source, FieldPath at)
        {
            if (source.Repository.Length == 0)
                errors.Required(at.Child("repository"));
            PathRules.LocalDescending(source.Directory, at.Child("directory"), errors);
        }

        private readonly void Secret(SecretVolumeSource source, FieldPath at)
        {
            if (source.SecretName.Length == 0)
                errors.Required(at.Child("secretName"));
            PathRules.Mode(source.DefaultMode, at.Child("defaultMode"), errors);
            KeysToPaths(source.Items, at.Child("items"));
        }

        private readonly void ConfigMap(ConfigMapVolumeSource source, FieldPath at)
        {
            if (source.Name.Length == 0)
                errors.Required(at.Child("name"));
            PathRules.Mode(source.DefaultMode, at.Child("defaultMode"), errors);
            KeysToPaths(source.Items, at.Child("items"));
        }

        private readonly void KeysToPaths(ApiList<KeyToPath> items, FieldPath at)
        {
            for (var i = 0; i < items.Count; i++)
            {
                if (items[i].Key.Length == 0)
                    errors.Required(at.Index(i).Child("key"));
                if (items[i].Path.Length == 0)
                    errors.Required(at.Index(i).Child("path"));
                PathRules.LocalNonReserved(items[i].Path, at.Index(i).Child("path"), errors);
                PathRules.Mode(items[i].Mode, at.Index(i).Child("mode"), errors);
            }
        }

        private readonly void DownwardFile(DownwardAPIVolumeFile file, FieldPath at)
        {
            if (file.Path.Length == 0)
                errors.Required(at.Child("path"));
            PathRules.LocalNonReserved(file.Path, at.Child("path"), errors);
            if (file.FieldRef is not null)
            {
                EnvValidation.FieldRef(file.FieldRef, EnvValidation.VolumeFieldPaths, at.Child("fieldRef"), errors);
                if (file.ResourceFieldRef is not null)
                    errors.Invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
            }
            else if (file.ResourceFieldRef is not null)
            {
                EnvValidation.ResourceFieldRef(file.ResourceFieldRef, inVolume: true, at.Child("resourceFieldRef"), errors);
            }
            else
            {
                errors.Required(at, "one of fieldRef and resourceFieldRef is required");
            }

            PathRules.Mode(file.Mode, at.Child("mode"), errors);
        }

        private readonly void StorageOs(StorageOSVolumeSource source, FieldPath at)
        {
            if (source.VolumeName.Length == 0)
                errors.Required(at.Child("volumeName"));
            else
                errors.Invalid(at.Child("volumeName"), source.VolumeName, ValidationRules.Dns1123Label(source.VolumeName));
            if (source.VolumeNamespace.Length > 0)
                errors.Invalid(at.Child("volumeNamespace"), source.VolumeNamespace, ValidationRules.Dns1123Label(source.VolumeNamespace));
            if (source.SecretRef is { Name.Length: 0 })
                errors.Required(at.Child("secretRef").Child("name"));
        }

        private readonly void Projected(ProjectedVolumeSource projected, FieldPath at)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (var i = 0; i < projected.Sources.Count; i++)
                Projection(projected.Sources[i], at, at.Child("sources").Index(i), seen);
            PathRules.Mode(projected.DefaultMode, at.Child("defaultMode"), errors);
        }

        private readonly void Projection(VolumeProjection source, FieldPath whole, FieldPath at, HashSet<string> seen)
        {
            var count = 0;
            var errors = this.errors;
            if (source.Secret is { } secret && First("secret", out var below))
            {
                if (secret.Name.Length == 0)
                    errors.Required(below.Child("name"));
                KeysToPaths(secret.Items, below.Child("items"));
                foreach (var item in secret.Items)
                    Once(item.Path, secret.Name);
            }

            if (source.ConfigMap is { } configMap && First("configMap", out below))
            {
                if (configMap.Name.Length == 0)
                    errors.Required(below.Child("name"));
                KeysToPaths(configMap.Items, below.Child("items"));
                foreach (var item in configMap.Items)
                    Once(item.Path, configMap.Name);
            }

            if (source.DownwardAPI is { } downward && First("downwardAPI", out below))
            {
                foreach (var file in downward.Items)
                {
                    DownwardFile(file, below);
                    Once(file.Path, "downwardAPI");
                }
            }

            if (source.ServiceAccountToken is { } token && First("serviceAccountToken", out below))
            {
                if (token.ExpirationSeconds < MinTokenSeconds)
                    errors.Invalid(below.Child("expirationSeconds"), token.ExpirationSeconds, "may not specify a duration less than 10 minutes");
                if (token.ExpirationSeconds > MaxTokenSeconds)
                    errors.Invalid(below.Child("expirationSeconds"), token.ExpirationSeconds, "may not specify a duration larger than 2^32 seconds");
                if (token.Path.Length == 0)
                    errors.Required(below.Child("path"));
                else
                    PathRules.LocalNonReserved(token.Path, whole.Child("path"), errors);
            }

            if (source.ClusterTrustBundle is { } bundle && First("clusterTrustBundle", out below))
                ClusterTrustBundle(bundle, below);
            if (source.PodCertificate is { } certificate && First("podCertificate", out below))
                PodCertificate(certificate, below);

            bool First(string name, out FieldPath child)
            {
                child = at.Child(name);
                if (count++ == 0)
                    return true;
                errors.Forbidden(child, "may not specify more than 1 volume type");
                return false;
            }

            void Once(string file, string owner)
            {
                if (file.Length > 0 && !seen.Add(file))
                    errors.Invalid(whole, owner, "conflicting duplicate paths");
            }
        }

        private readonly void ClusterTrustBundle(ClusterTrustBundleProjection bundle, FieldPath at)
        {
            if (bundle.Name is not null && bundle.SignerName is not null)
                errors.Invalid(at, bundle, "only one of name and signerName may be used");
            else if (bundle.Name is { Length: 0 })
                errors.Required(at.Child("name"), "must be a valid object name");
            else if (bundle.SignerName is { Length: 0 })
                errors.Required(at.Child("signerName"), "must be a valid signer name");
            else if (bundle.Name is null && bundle.SignerName is null)
                errors.Required(at, "either name or signerName must be specified");
            if (bundle.LabelSelector is not null && bundle.Name is not null)
                errors.Invalid(at.Child("labelSelector"), bundle.LabelSelector, "labelSelector must be unset if name is specified");
            LabelValidation.Selector(bundle.LabelSelector, at.Child("labelSelector"), errors);
            if (bundle.Path.Length == 0)
                errors.Required(at.Child("path"));
            PathRules.LocalNonReserved(bundle.Path, at.Child("path"), errors);
        }

        private readonly void PodCertificate(PodCertificateProjection certificate, FieldPath at)
        {
            if (certificate.SignerName.Length == 0)
                errors.Required(at.Child("signerName"));
            CommonRules.OneOf(certificate.KeyType, at.Child("keyType"), errors,
                "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096");
            if (certificate.MaxExpirationSeconds is < 3600 or > 91 * 86400)
                errors.Invalid(at.Child("maxExpirationSeconds"), certificate.MaxExpirationSeconds,
                    "if provided, maxExpirationSeconds must be between 3600 and 7862400, inclusive");
            if (certificate is { CredentialBundlePath.Length: 0, KeyPath.Length: 0, CertificateChainPath.Length: 0 })
                errors.Required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
            if (certificate.CredentialBundlePath.Length > 0)
                PathRules.LocalNonReserved(certificate.CredentialBundlePath, at.Child("credentialBundlePath"), errors);
            if (certificate.KeyPath.Length > 0)
                PathRules.LocalNonReserved(certificate.KeyPath, at.Child("keyPath"), errors);
            if (certificate.CertificateChainPath.Length > 0)
                PathRules.LocalNonReserved(certificate.CertificateChainPath, at.Child("certificateChainPath"), errors);
        }

        private readonly void Ephemeral(EphemeralVolumeSource source, string volumeName, ObjectMeta? pod, FieldPath at)
        {
            if (source.VolumeClaimTemplate is not { } template)
            {
                errors.Required(at.Child("volumeClaimTemplate"));
                return;
            }

            var below = at.Child("volumeClaimTemplate");
            TemplateMetaValidation.Validate(template.Metadata, below.Child("metadata"), errors);
            ClaimSpecValidation.Validate(template.Spec, below.Child("spec"), errors);
            if (pod is null || pod.Name.Length == 0)
                return;
            var claim = $"{pod.Name}-{volumeName}";
            foreach (var message in ValidationRules.Dns1123Subdomain(claim))
                errors.Invalid(path.Child("name"), volumeName, $"PVC name {GoText.Quote(claim)}: {message}");
        }
    }
}
