using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Fills in what the volumes of a pod leave out.</summary>
internal static class VolumeDefaults
{
    private const int ReadableByAll = 420;
    private const long TokenSeconds = 3600;

    public static Volume Apply(Volume v)
    {
        if (v.Secret is { DefaultMode: null })
            return v with { Secret = v.Secret with { DefaultMode = ReadableByAll } };
        if (v.ConfigMap is { DefaultMode: null })
            return v with { ConfigMap = v.ConfigMap with { DefaultMode = ReadableByAll } };
        if (v.Projected is not null)
            return v with { Projected = Projected(v.Projected) };
        if (v.DownwardAPI is not null)
            return v with { DownwardAPI = v.DownwardAPI with { DefaultMode = v.DownwardAPI.DefaultMode ?? ReadableByAll, Items = Files(v.DownwardAPI.Items) } };
        if (v.HostPath is { Type: null })
            return v with { HostPath = v.HostPath with { Type = "" } };
        if (v.Ephemeral?.VolumeClaimTemplate is { Spec.VolumeMode: null } template)
            return v with { Ephemeral = v.Ephemeral with { VolumeClaimTemplate = template with { Spec = template.Spec with { VolumeMode = "Filesystem" } } } };
        if (v.Image is { PullPolicy.Length: 0 })
            return v with { Image = v.Image with { PullPolicy = ImageName.DefaultPullPolicy(v.Image.Reference) } };
        if (v.Iscsi is { IscsiInterface.Length: 0 })
            return v with { Iscsi = v.Iscsi with { IscsiInterface = "default" } };
        if (v.Rbd is not null)
            return v with
            {
                Rbd = v.Rbd with { Pool = Or(v.Rbd.Pool, "rbd"), User = Or(v.Rbd.User, "admin"), Keyring = Or(v.Rbd.Keyring, "/etc/ceph/keyring") },
            };
        if (v.AzureDisk is not null)
            return v with { AzureDisk = AzureDisk(v.AzureDisk) };
        if (v.ScaleIO is not null)
            return v with { ScaleIO = v.ScaleIO with { StorageMode = Or(v.ScaleIO.StorageMode, "ThinProvisioned"), FsType = Or(v.ScaleIO.FsType, "xfs") } };
        return HasSource(v) ? v : v with { EmptyDir = EmptyDirVolumeSource.Empty };
    }

    public static AzureDiskVolumeSource AzureDisk(AzureDiskVolumeSource disk) => disk with
    {
        CachingMode = disk.CachingMode ?? "ReadWrite",
        Kind = disk.Kind ?? "Shared",
        FsType = disk.FsType ?? "ext4",
        ReadOnly = disk.ReadOnly ?? false,
    };

    public static string Or(string value, string fallback) => value.Length == 0 ? fallback : value;

    private static ProjectedVolumeSource Projected(ProjectedVolumeSource projected)
    {
        var sources = projected.Sources;
        for (var i = 0; i < sources.Count; i++)
        {
            if (sources[i].ServiceAccountToken is { ExpirationSeconds: null } token)
                sources = sources.SetItem(i, sources[i] with { ServiceAccountToken = token with { ExpirationSeconds = TokenSeconds } });
            else if (sources[i].DownwardAPI is { } downward)
                sources = sources.SetItem(i, sources[i] with { DownwardAPI = downward with { Items = Files(downward.Items) } });
        }

        return projected with { DefaultMode = projected.DefaultMode ?? ReadableByAll, Sources = sources };
    }

    private static ApiList<DownwardAPIVolumeFile> Files(ApiList<DownwardAPIVolumeFile> files)
    {
        for (var i = 0; i < files.Count; i++)
            if (files[i].FieldRef is { ApiVersion.Length: 0 } field)
                files = files.SetItem(i, files[i] with { FieldRef = field with { ApiVersion = "v1" } });
        return files;
    }

    private static bool HasSource(Volume v) => v.EmptyDir is not null || v.PersistentVolumeClaim is not null || v.Secret is not null
        || v.ConfigMap is not null || v.HostPath is not null || v != new Volume { Name = v.Name };
}
